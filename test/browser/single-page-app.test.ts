import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startChromium } from '../support/chromium.ts';
import type { ProfileName } from '../support/upstream/profiles.ts';
import { startSinglePageVendor } from '../support/vendors/single-page-app.ts';
import { createWorld } from '../support/world.ts';

/*
 * A vendor that is nothing but a page (oidc-client-ts, unmodified), in a real
 * browser with its own ideas of cookies, origins and CORS, through both front
 * channels, and where the upstream's login page is an application too.
 */

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser.close());

const CASES: readonly (readonly [string, ProfileName])[] = [
  ['relay', 'plain'],
  ['callback', 'plain'],
  ['relay', 'single-page-login'],
  ['relay', 'code-in-json'],
];

describe.each(CASES)(
  'oidc-client-ts through %s, the upstream with the habit %s',
  (channel, profile) => {
    it('logs in, asks userinfo and refreshes, always with one subject', async () => {
      const world = await createWorld([{ id: 'acme', authentication: 'public' }], {
        upstream: { profiles: [profile] },
        environment: { FRONT_CHANNEL: channel },
      });
      const { redirectUri, clientId, close } = world.vendor('acme');
      await close();
      const port = Number(new URL(redirectUri).port);
      const vendor = await startSinglePageVendor({ issuer: world.proxy.issuer, clientId, port });
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await page.goto(vendor.url);
        await page.fill('input[name=username]', 'alice');
        await page.fill('input[name=password]', 'alice-password');
        await page.click('button');
        await page.waitForFunction("document.title === 'done'");
        const shown = JSON.parse((await page.textContent('body')) ?? '') as Record<string, unknown>;
        expect(shown).toEqual({
          sub: expect.stringMatching(/^[a-z2-7]{52}$/),
          refreshed: shown['sub'],
        });
      } finally {
        await context.close();
        await vendor.close();
        await world.close();
      }
    });
  },
);

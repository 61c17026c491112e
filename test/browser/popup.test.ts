import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startChromium } from '../support/chromium.ts';
import { createWorld } from '../support/world.ts';

/*
 * Single-page applications log in in a window of their own and wait for it to
 * speak to the page that opened it. A Cross-Origin-Opener-Policy on any address
 * on the way, be it a redirect, would cut the two apart for good.
 */

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser.close());

describe.each(['relay', 'callback'])('a login in a window of its own through %s', (channel) => {
  it('leaves the window connected to the page that opened it', async () => {
    const world = await createWorld([{ id: 'acme', vendor: { notice: true } }], {
      environment: { FRONT_CHANNEL: channel },
    });
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const { origin, loginUrl } = world.vendor('acme');
      await page.goto(origin);
      const [popup] = await Promise.all([
        page.waitForEvent('popup'),
        page.evaluate(`void window.open(${JSON.stringify(loginUrl)})`),
      ]);
      await popup.fill('input[name=username]', 'alice');
      await popup.fill('input[name=password]', 'alice-password');
      await popup.click('button');
      await popup.getByRole('button', { name: 'Continue' }).click();
      await popup.waitForURL((url) => url.origin === origin);
      expect(await popup.evaluate('window.opener !== null')).toBe(true);
    } finally {
      await context.close();
      await world.close();
    }
  });
});

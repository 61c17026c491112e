import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startChromium } from '../support/chromium.ts';
import { createWorld } from '../support/world.ts';

/*
 * The notice page in a real browser without scripts: its policy must let the
 * form lead to the vendor, through the redirects by which the vendor goes on.
 */

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser.close());

describe.each(['relay', 'callback'])('the notice through %s', (channel) => {
  it('is a page that says what it is, and leads on to the vendor or back to it', async () => {
    const world = await createWorld([{ id: 'acme', vendor: { notice: true } }], {
      environment: { FRONT_CHANNEL: channel },
    });
    const context = await browser.newContext({ javaScriptEnabled: false });
    try {
      const page = await context.newPage();
      await page.goto(world.vendor('acme').loginUrl);
      await page.fill('input[name=username]', 'alice');
      await page.fill('input[name=password]', 'alice-password');
      await page.click('button');
      await page.getByRole('heading', { name: 'Before you go on to Vendor acme' }).waitFor();
      expect(await page.title()).toBe('Before you go on to Vendor acme');
      await page.reload();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.waitForURL((url) => url.searchParams.get('error') === 'access_denied');
      await page.goto(world.vendor('acme').loginUrl);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.waitForURL((url) => url.origin === world.vendor('acme').origin);
      expect(await page.textContent('body')).toMatch(/[a-z2-7]{52}/);
      await page.goto(world.vendor('acme').loginUrl);
      expect(await page.textContent('body')).toMatch(/[a-z2-7]{52}/);
    } finally {
      await context.close();
      await world.close();
    }
  });
});

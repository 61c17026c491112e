import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createAccountWorld } from '../support/account.ts';
import { Browser as Visitor } from '../support/browser.ts';
import { startChromium } from '../support/chromium.ts';

/*
 * Self-service in a real browser without scripts: its policy must let the login,
 * the forms, the stylesheet and the download work, and keep it out of frames.
 */

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser.close());

async function logIn(page: Page, issuer: string): Promise<void> {
  await page.goto(`${issuer}/account`);
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.fill('input[name=username]', 'alice');
  await page.fill('input[name=password]', 'alice-password');
  await page.click('button');
  await page.getByRole('heading', { name: 'Vendor acme', level: 2 }).waitFor();
}

describe.each(['relay', 'callback'])('self-service through %s', (channel) => {
  it('works without scripts, from the login to the logout', async () => {
    const world = await createAccountWorld([{ id: 'acme' }], {
      environment: { FRONT_CHANNEL: channel },
    });
    const context = await browser.newContext({ javaScriptEnabled: false });
    try {
      const { issuer } = world.proxy;
      await world.vendor('acme').logIn(new Visitor(), 'alice');
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await logIn(page, issuer);
      expect(page.url()).toBe(`${issuer}/account`);
      const width: unknown = await page.evaluate(
        "getComputedStyle(document.querySelector('main')).maxWidth",
      );
      expect(width).toBe('640px');

      const waiting = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download' }).click();
      expect((await waiting).suggestedFilename()).toBe('what-is-held-on-me.json');

      await page.getByRole('link', { name: 'Disconnect Vendor acme' }).click();
      await page.getByRole('heading', { name: 'Disconnect Vendor acme?' }).waitFor();
      await page.getByRole('button', { name: 'Disconnect Vendor acme' }).click();
      await page.getByRole('status').waitFor();
      await page.getByRole('link', { name: 'Back' }).click();
      await page.getByText('No application knows you so far').waitFor();

      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('link', { name: 'Log in' }).waitFor();
      expect(complaints.filter((text) => text.includes('Security Policy'))).toEqual([]);
    } finally {
      await context.close();
      await world.close();
    }
  });

  it('is shown in no frame', async () => {
    const world = await createAccountWorld([{ id: 'acme' }], {
      environment: { FRONT_CHANNEL: channel },
    });
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${world.proxy.issuer}/account`);
      await page.route('**/framing', (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: `<iframe src="${world.proxy.issuer}/account"></iframe>`,
        }),
      );
      await page.goto(`${world.proxy.issuer}/framing`);
      const frame = page.frames().find((each) => each !== page.mainFrame());
      await frame?.waitForLoadState();
      expect(frame?.url()).not.toContain('/account');
    } finally {
      await context.close();
      await world.close();
    }
  });
});

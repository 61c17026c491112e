import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startChromium } from '../support/chromium.ts';
import {
  createDashboardWorld,
  freshPage,
  keepScreenshot,
  logInAs,
  STAFF,
  type DashboardWorld,
} from '../support/dashboard.ts';

let browser: Browser;
let world: DashboardWorld;
beforeAll(async () => {
  browser = await startChromium();
  world = await createDashboardWorld([{ id: 'acme' }, { id: 'bolt' }]);
});
afterAll(async () => {
  await browser.close();
  await world.close();
});

describe('logging in', () => {
  it('through the provider', async () => {
    const { page, context, complaints } = await freshPage(browser, world.url);
    await logInAs(page, world.url, STAFF.viewer);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await keepScreenshot(page, 'dashboard-overview');
    expect(complaints).toEqual([]);
    await context.close();
  });
});

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ADMIN_TOKEN } from '../support/admin-world.ts';
import { seriousFindings } from '../support/axe.ts';
import { Browser as Visitor } from '../support/browser.ts';
import { startChromium } from '../support/chromium.ts';
import {
  createDashboardWorld,
  freshPage,
  keepScreenshot,
  openWithToken,
  type DashboardWorld,
} from '../support/dashboard.ts';

/*
 * Every page of the dashboard in a real browser: that it shows what it is for under its own
 * strict policy, in the dark too, and to those who do not see it.
 */

/** Text that would be markup, or leave an attribute, if anything forgot to escape it. */
const NAME = `<img src=x onerror="alert(1)"> & 'Bolt"`;

let browser: Browser;
let world: DashboardWorld;
let page: Page;
let complaints: string[];
beforeAll(async () => {
  browser = await startChromium();
  world = await createDashboardWorld([{ id: 'acme' }, { id: 'bolt', vendor: { name: NAME } }]);
  await world.vendor('acme').logIn(new Visitor(), 'alice');
  ({ page, complaints } = await freshPage(browser, world.url));
  await openWithToken(page, world.url, ADMIN_TOKEN);
});
afterAll(async () => {
  await browser.close();
  await world.close();
});

const PAGES = [
  ['overview', '/', 'Overview', 'Clients by phase'],
  ['vendors', '/vendors', 'Vendors', 'Vendor acme'],
  ['vendor', '/vendors/acme', 'Vendor acme', 'acme-web'],
  ['new-vendor', '/new-vendor', 'Add a vendor', 'Privacy policy'],
  ['clients', '/clients', 'Clients', 'bolt-web'],
  ['client', '/clients/acme-web', 'acme-web', 'Mapping tokens'],
  ['new-client', '/new-client', 'Add a client', 'Redirect URIs'],
  ['rollout', '/rollout', 'Rollout', 'acme-web'],
  ['rollout-client', '/rollout/acme-web', 'Rollout of acme-web', 'History'],
  ['people', '/people', 'People', 'Erase a user'],
  ['audit', '/audit', 'Audit log', 'dashboard.logged_in'],
  ['audit-chain', '/audit/verify', 'State of the audit log', 'intact'],
  ['keys', '/keys', 'Keys and salts', 'RS256'],
  ['sectors', '/sectors', 'Sectors', 'bolt-web'],
  ['client-delete', '/clients/acme-web/delete', 'Delete the client acme-web', 'in its sector'],
  ['client-transfer', '/clients/acme-web/transfer', 'Transfer acme-web to another vendor', 'acme'],
  ['vendor-delete', '/vendors/acme/delete', 'Delete the vendor acme', 'which goes first'],
  ['import', '/people/import', 'Import users', 'local_subject'],
  ['link-file', '/people/link', 'Link renamed users', 'new_local_subject'],
  ['link-user', '/people/renamed', 'Link a renamed user', 'Old local subject'],
  ['sector-link', '/sectors/link', 'Link two sectors', 'Into the sector'],
  ['sector-unlink', '/sectors/unlink', 'Unlink a sector', 'subjects of its own'],
  ['tokens', '/tokens', 'Admin tokens', 'Days until it expires'],
  ['nothing', '/clients/nobody', 'This was not done', 'does not exist'],
] as const;

describe('each page', () => {
  it.each(PAGES)('%s shows what it is for, to everybody', async (name, path, title, shown) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(`${world.url}${path}`);
    await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor();
    expect(await page.locator('main').innerText()).toContain(shown);
    await keepScreenshot(page, `dashboard-${name}`);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('login shows what it is for, to everybody', async () => {
    const { page: fresh, context } = await freshPage(browser, world.url);
    await fresh.goto(`${world.url}/audit`);
    await fresh.getByRole('heading', { name: 'Log in', level: 1 }).waitFor();
    await keepScreenshot(fresh, 'dashboard-login');
    expect(await seriousFindings(fresh)).toEqual([]);
    await context.close();
  });

  it('shows names as text, whatever is in them', async () => {
    for (const path of ['/vendors', '/vendors/bolt', '/new-client']) {
      await page.goto(`${world.url}${path}`);
      expect(await page.locator('main').innerText()).toContain(NAME);
      expect(await page.locator('main img').count()).toBe(0);
    }
    expect(await page.locator('#vendor').innerText()).toContain(NAME);
  });

  it('is used by keys alone: first to the content, then from field to field', async () => {
    await page.goto(`${world.url}/rollout/acme-web`);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator('main :focus').count()).toBe(1);
  });

  it('keeps its health fresh where scripts run', async () => {
    await page.goto(`${world.url}/`);
    await page.locator('#health[data-htmx-powered]').waitFor({ state: 'attached' });
    await page.evaluate("document.querySelector('#health').setAttribute('data-old', '')");
    await page.evaluate(
      "htmx.ajax('GET', '/', { target: '#health', select: '#health', swap: 'outerHTML' })",
    );
    await page.locator('#health:not([data-old])').waitFor();
  });

  it('is complained of by no policy', () => {
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });
});

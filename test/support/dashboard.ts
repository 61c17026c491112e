import { mkdir } from 'node:fs/promises';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { ALICE, BOB, type LegacyUser } from '../../demo/legacy-idp/users.ts';
import { OWN_CLIENT } from './account.ts';
import { ADMIN_TOKEN } from './admin-world.ts';
import { freePort } from './free-port.ts';
import { createWorld, type World, type WorldOptions, type WorldVendor } from './world.ts';

/** People of the provider who work at the dashboard, and what as. */
export const STAFF = {
  viewer: userOf('vera'),
  operator: userOf('otto'),
  privacy: userOf('petra'),
} as const;

/** A world with a dashboard. */
export interface DashboardWorld extends World {
  /** `ADMIN_URL`. */
  readonly url: string;
}

/** A world whose dashboard people log in to through the provider, by their e-mail address there. */
export async function createDashboardWorld(
  vendors: readonly WorldVendor[],
  options: WorldOptions = {},
): Promise<DashboardWorld> {
  const adminPort = await freePort();
  const url = `http://localhost:${adminPort}`;
  const roles = Object.entries(STAFF).map(([role, { username }]) => `${role}=${mailOf(username)}`);
  const world = await createWorld(vendors, {
    ...{ ...options, adminPort },
    upstream: { users: [ALICE, BOB, ...Object.values(STAFF)] },
    environment: {
      ...{ UPSTREAM_CLIENT_ID: OWN_CLIENT.client_id, ADMIN_URL: url, ADMIN_TOKEN },
      UPSTREAM_CLIENT_SECRET: OWN_CLIENT.client_secret,
      ...{ DASHBOARD_ROLES: roles.join(','), DASHBOARD_ROLE_CLAIM: 'email' },
      DASHBOARD_SCOPE: 'openid email',
      ...options.environment,
    },
  });
  const own = { ...OWN_CLIENT, redirect_uris: [`${url}/callback`] };
  world.upstream.setClients([...world.upstream.clients, own]);
  return { ...world, url };
}

/** Logs somebody in through the provider; the overview. */
export async function logInAs(page: Page, url: string, { username }: LegacyUser): Promise<void> {
  await page.goto(`${url}/`);
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', `${username}-password`);
  await page.click('button');
}

/** A page in a browser that knows nothing yet, and what its policy complained of. */
export async function freshPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{
  readonly context: BrowserContext;
  readonly page: Page;
  readonly complaints: string[];
}> {
  // Colours that are on their way between two schemes would be judged half-way.
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The provider's own pages ask for a picture that it does not have.
    const { url: where } = message.location();
    if (message.type() === 'error' && where.startsWith(url)) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { context, page, complaints };
}

const ARTEFACTS = new URL('../artefacts/', import.meta.url);

/** Keeps what a page looks like, for people; nothing is compared with it. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: new URL(`${name}.png`, ARTEFACTS).pathname, fullPage: true });
}

function userOf(username: string): LegacyUser {
  return { username, password: `${username}-password`, givenName: username, familyName: 'Staff' };
}

function mailOf(username: string): string {
  return `${username}@legacy.example`;
}

/** Opens a session with `ADMIN_TOKEN`; the overview. */
export async function openWithToken(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/login`);
  await page.fill('input[name=admin_token]', token);
  await page.getByRole('button', { name: 'Open a session' }).click();
}

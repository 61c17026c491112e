import type { Browser, Page } from './browser.ts';
import type { World, WorldOptions, WorldVendor } from './world.ts';
import { ACME_AND_BOLT, createWorld } from './world.ts';

/** The proxy's own client at the upstream. */
export const OWN_CLIENT = {
  client_id: 'pairwise-proxy',
  client_secret: 'secret-of-the-proxy-itself-0123456789',
} as const;

/** A world in which users can look after themselves. */
export async function createAccountWorld(
  vendors: readonly WorldVendor[] = ACME_AND_BOLT,
  options: WorldOptions = {},
): Promise<World> {
  const world = await createWorld(vendors, {
    ...options,
    environment: {
      UPSTREAM_CLIENT_ID: OWN_CLIENT.client_id,
      UPSTREAM_CLIENT_SECRET: OWN_CLIENT.client_secret,
      ...options.environment,
    },
  });
  const redirectUri = `${world.proxy.issuer}/account/callback`;
  const own = { ...OWN_CLIENT, redirect_uris: [redirectUri] };
  world.upstream.setClients([...world.upstream.clients, own]);
  return world;
}

/** Logs a user in at `/account`; the page with the vendors. */
export async function logInToAccount(
  { proxy }: Pick<World, 'proxy'>,
  browser: Browser,
  username = 'alice',
): Promise<Page> {
  const { page } = await browser.walk(`${proxy.issuer}/account/login`);
  await browser.submitLogin(page, { username });
  const last = browser.pages.at(-1);
  if (last === undefined) throw new Error('the login led nowhere');
  // The browser of the tests stops where an authorization request said it would end.
  const { location } = last;
  if (location === undefined) return last;
  return (await browser.walk(location)).page;
}

/** Presses a button of an account page; what comes of it. */
export async function press(browser: Browser, page: Page, label: string): Promise<Page> {
  const which = page.body
    .split('<form ')
    .slice(1)
    .findIndex((form) => form.split('</form>')[0]?.includes(`>${label}</button>`));
  if (which === -1) throw new Error(`no button ${label} at ${page.url.href}`);
  return (await browser.submit(page, {}, which)).page;
}

import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { logOut } from '../support/logout.ts';
import type { World } from '../support/world.ts';
import { createWorld, loggedOutAt, upstreamSecret, vendorSecret } from '../support/world.ts';
import { startMiddlewareVendor } from '../support/vendors/express-openid-connect.ts';
import { reservePlace } from '../support/vendors/vendor.ts';

/** The logout address as openid-client builds it from our discovery document. */
async function endSession(
  world: World,
  id: string,
  parameters: Readonly<Record<string, string>>,
): Promise<URL> {
  const config = await client.discovery(
    new URL(world.proxy.issuer),
    `${id}-web`,
    vendorSecret(id),
    undefined,
    { execute: [client.allowInsecureRequests] },
  );
  return client.buildEndSessionUrl(config, parameters);
}

describe.each(['relay', 'callback'])('a logout on the front channel %s', (frontChannel) => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld(undefined, { environment: { FRONT_CHANNEL: frontChannel } });
  });
  afterAll(() => world.close());

  const returnTo = (id: string): string => loggedOutAt(world.vendor(id).redirectUri);
  const loggedIn = async (browser: Browser, id = 'acme') => {
    const party = await world.vendor(id).party();
    return { party, tokens: await world.vendor(id).logIn(browser, 'alice') };
  };

  it('ends the user’s session at the provider and comes back with the vendor’s state', async () => {
    const browser = new Browser();
    const { tokens, party } = await loggedIn(browser);
    const address = await endSession(world, 'acme', {
      id_token_hint: tokens.idToken,
      post_logout_redirect_uri: returnTo('acme'),
      state: 'the vendor’s own',
    });
    const { returned } = await logOut(browser, address, returnTo('acme'));
    expect(returned?.searchParams.get('state')).toBe('the vendor’s own');
    expect([...(returned?.searchParams.keys() ?? [])]).toEqual(['state']);
    // The provider asks for the password again, and the grant is over.
    const { url } = await party.begin();
    expect((await browser.walk(url)).page.forms).not.toEqual([]);
    await world.proxy.application.registry.refresh();
    await expect(party.refresh(tokens)).rejects.toThrow();
  });

  it('needs no hint, and ends the grants of this browser when it comes back', async () => {
    const browser = new Browser();
    const elsewhere = new Browser();
    const { tokens, party } = await loggedIn(browser);
    const other = await loggedIn(elsewhere);
    const address = await endSession(world, 'acme', { post_logout_redirect_uri: returnTo('acme') });
    const { returned } = await logOut(browser, address, returnTo('acme'));
    expect(returned?.href).toBe(returnTo('acme'));
    await world.proxy.application.registry.refresh();
    await expect(party.refresh(tokens)).rejects.toThrow();
    await expect(other.party.refresh(other.tokens)).resolves.toBeDefined();
  });

  it('ends only what the hint tells of: another client of the session keeps its grant', async () => {
    const browser = new Browser();
    const { tokens } = await loggedIn(browser);
    const bolt = await loggedIn(browser, 'bolt');
    const hinted = { id_token_hint: tokens.idToken, post_logout_redirect_uri: returnTo('acme') };
    // The vendor's server asks for the logout; nobody confirms anything at the provider.
    await new Browser().open(await endSession(world, 'acme', hinted));
    await expect(bolt.party.refresh(bolt.tokens)).resolves.toBeDefined();
  });

  it('stays at the provider where no address to come back to is given', async () => {
    const browser = new Browser();
    const { tokens } = await loggedIn(browser);
    const { page, returned } = await logOut(
      browser,
      await endSession(world, 'acme', { id_token_hint: tokens.idToken }),
      returnTo('acme'),
    );
    expect(returned).toBeUndefined();
    expect(page.status).toBe(200);
  });
});

describe('a vendor that leaves its logout to express-openid-connect', () => {
  it('ends the session at the provider and comes back', async () => {
    const world = await createWorld([{ id: 'acme' }]);
    const { port, redirectUri } = await reservePlace({});
    const vendor = await startMiddlewareVendor({
      ...{ issuer: world.proxy.issuer, port },
      ...{ clientId: 'cosy-web', clientSecret: vendorSecret('cosy') },
    });
    const returnTo = loggedOutAt(redirectUri);
    const upstream = { client_id: 'legacy-cosy', client_secret: upstreamSecret('cosy') };
    world.upstream.setClients([
      ...world.upstream.clients,
      { ...upstream, redirect_uris: [redirectUri], post_logout_redirect_uris: [returnTo] },
    ]);
    const client = {
      ...{ client_id: 'cosy-web', client_secret: vendorSecret('cosy'), upstream },
      ...{ redirect_uris: [redirectUri], post_logout_redirect_uris: [returnTo] },
    };
    await world.proxy.apply([{ id: 'cosy', clients: [client] }]);
    const browser = new Browser();
    await vendor.logIn(browser, 'alice');
    const { returned } = await logOut(browser, `${vendor.origin}/logout`, returnTo);
    expect(returned?.href.startsWith(returnTo)).toBe(true);
    expect((await browser.walk(`${vendor.origin}/profile`)).page.forms).not.toEqual([]);
    await vendor.close();
    await world.close();
  });
});

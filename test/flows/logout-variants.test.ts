import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { logOut } from '../support/logout.ts';
import { forgedIdToken, withClaims } from '../support/upstream/forged-id-token.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, loggedOutAt } from '../support/world.ts';

/*
 * Logouts of vendors and upstreams that leave out what others send: a session id, an
 * address to come back to, a logout page, a client.
 */

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

const returnTo = (id = 'acme'): string => loggedOutAt(world.vendor(id).redirectUri);

function logout(parameters: Readonly<Record<string, string>>): URL {
  const address = new URL(`${world.proxy.issuer}/oidc/logout`);
  address.search = new URLSearchParams(parameters).toString();
  return address;
}

async function refreshes(party: Awaited<ReturnType<typeof loggedIn>>): Promise<boolean> {
  await world.proxy.application.registry.refresh();
  return party.party.refresh(party.tokens).then(
    () => true,
    () => false,
  );
}

async function loggedIn(browser: Browser, id = 'acme') {
  const party = await world.vendor(id).party();
  return { party, tokens: await world.vendor(id).logIn(browser, 'alice') };
}

describe('where the upstream gives its sessions no id', () => {
  it('a hint ends the grants of its user in this browser, and in no other', async () => {
    const key = world.upstream.signingKey();
    world.upstream.faults.arm('token', forgedIdToken(withClaims(key, () => ({ sid: undefined }))));
    const [browser, elsewhere] = [new Browser(), new Browser()];
    const here = await loggedIn(browser);
    const there = await loggedIn(elsewhere);
    expect(here.tokens.claims).not.toHaveProperty('sid');
    await browser.open(logout({ id_token_hint: here.tokens.idToken }));
    expect(await refreshes(here)).toBe(false);
    expect(await refreshes(there)).toBe(true);
  });
});

describe('where the upstream has no logout page', () => {
  beforeAll(async () => {
    world.upstream.faults.arm('discovery', withMembers({ end_session_endpoint: undefined }));
    await world.proxy.application.upstream.recheck();
  });
  afterAll(() => world.proxy.application.upstream.recheck());

  it('the grants of a hint end here, and the browser goes straight back', async () => {
    const browser = new Browser();
    const here = await loggedIn(browser);
    const { location } = await browser.open(
      logout({
        ...{ id_token_hint: here.tokens.idToken, post_logout_redirect_uri: returnTo() },
        state: 'a b',
      }),
    );
    expect(location?.href).toBe(`${returnTo()}?state=a+b`);
    expect(await refreshes(here)).toBe(false);
  });

  it('without an address to come back to there is nothing to show', async () => {
    expect((await new Browser().open(logout({ client_id: 'acme-web' }))).status).toBe(404);
  });
});

describe('a logout request', () => {
  it('may come by POST, and may say in which language to ask', async () => {
    const answer = await fetch(`${world.proxy.issuer}/oidc/logout`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ client_id: 'acme-web', ui_locales: 'nl' }),
    });
    const location = new URL(answer.headers.get('location') ?? '');
    expect(location.searchParams.get('ui_locales')).toBe('nl');
    expect(location.searchParams.get('client_id')).toBe('legacy-acme');
  });

  it('of no client leads to the upstream’s own page, with nothing of ours', async () => {
    const { location } = await new Browser().open(logout({}));
    expect(location?.pathname).toBe('/session/end');
    expect([...(location?.searchParams.keys() ?? [])]).toEqual([]);
  });

  it('goes nowhere at the end where the vendor has taken its address back', async () => {
    const browser = new Browser();
    await loggedIn(browser, 'bolt');
    const begun = logout({ client_id: 'bolt-web', post_logout_redirect_uri: returnTo('bolt') });
    const { location } = await browser.open(begun);
    const { proxy } = world;
    const client = proxy.application.registry.find('bolt-web');
    if (location === undefined || client === undefined) throw new Error('the logout did not begin');
    const entry = {
      ...{ client_id: 'bolt-web', redirect_uris: client.metadata.redirect_uris },
      ...{ client_secret: client.clientSecret },
      upstream: { client_id: 'legacy-bolt', client_secret: client.upstream?.clientSecret },
    };
    await proxy.apply([{ id: 'bolt', clients: [entry] }]);
    const { returned } = await logOut(browser, location, returnTo('bolt'));
    expect(returned).toBeUndefined();
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { logOut } from '../support/logout.ts';
import type { World } from '../support/world.ts';
import { createWorld, loggedOutAt } from '../support/world.ts';

/*
 * A logout address is open to everybody: for sending users to a page of the attacker's, for
 * ending the sessions of others, for handing a user the end of somebody else's logout.
 */
describe('a logout that somebody tampers with', () => {
  let world: World;
  let idToken: string;

  beforeAll(async () => {
    world = await createWorld();
    ({ idToken } = await world.vendor('acme').logIn(new Browser(), 'alice'));
  });
  afterAll(() => world.close());

  const returnTo = (id: string): string => loggedOutAt(world.vendor(id).redirectUri);
  const logout = (parameters: Readonly<Record<string, string>>): URL => {
    const address = new URL(`${world.proxy.issuer}/oidc/logout`);
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    return address;
  };
  const refused = async (parameters: Readonly<Record<string, string>>): Promise<void> => {
    const { status, location } = await new Browser().open(logout(parameters));
    expect(status).toBe(400);
    expect(location).toBeUndefined();
  };

  it.each([
    ['a foreign address', (): string => 'https://collector.example/'],
    ['another vendor’s address', () => returnTo('bolt')],
    [
      'the registered address with more',
      () => `${returnTo('acme')}?next=https://collector.example`,
    ],
    ['the login’s redirect URI', () => world.vendor('acme').redirectUri],
  ])('goes nowhere with %s', async (_name, address) => {
    await refused({ client_id: 'acme-web', post_logout_redirect_uri: address() });
    await refused({ id_token_hint: idToken, post_logout_redirect_uri: address() });
  });

  it('goes nowhere where nobody says for which client', async () => {
    await refused({ post_logout_redirect_uri: returnTo('acme') });
    await refused({ client_id: 'unheard-of', post_logout_redirect_uri: returnTo('acme') });
  });

  it('is refused with the ID token of another client, a forged one or none', async () => {
    const [header, payload] = idToken.split('.');
    await refused({ client_id: 'bolt-web', id_token_hint: idToken });
    await refused({ client_id: 'acme-web', id_token_hint: `${header}.${payload}.AAAA` });
    await refused({ id_token_hint: 'nonsense' });
    const sessions = await world.database.db('sessions').whereNotNull('revoked_at').select('sid');
    expect(sessions).toEqual([]);
  });

  it('goes to no vendor with a state that is not ours, at the relay or at the callback', async () => {
    const { proxy } = world;
    const browser = new Browser();
    await world.vendor('acme').logIn(browser, 'alice');
    const address = new URL(`${proxy.issuer}/session/end`);
    address.searchParams.set('client_id', 'legacy-acme');
    address.searchParams.set('post_logout_redirect_uri', returnTo('acme'));
    address.searchParams.set('state', 'of my own making');
    const { returned, page } = await logOut(browser, address, returnTo('acme'));
    expect(returned).toBeUndefined();
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect((await browser.open(`${proxy.issuer}/oidc/callback?state=made-up`)).status).toBe(400);
  });

  it('ends in the browser that began it, and in no other', async () => {
    const begun = await new Browser().open(
      logout({ client_id: 'acme-web', post_logout_redirect_uri: returnTo('acme') }),
    );
    const victim = new Browser();
    await world.vendor('acme').logIn(victim, 'bob');
    const { returned } = await logOut(victim, begun.location ?? '', returnTo('acme'));
    expect(returned).toBeUndefined();
  });

  it('shows the upstream no ID token for a request that was changed on the way', async () => {
    const browser = new Browser();
    const { location } = await browser.open(logout({ id_token_hint: idToken }));
    if (location === undefined) throw new Error('the logout did not begin');
    const before = world.upstream.requests.length;
    location.searchParams.set('client_id', 'legacy-bolt');
    await browser.open(location);
    const [sent] = world.upstream.requests.slice(before);
    expect(sent?.url.searchParams.has('id_token_hint')).toBe(false);
  });
});

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, claimsOf, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { createAccountWorld, logInToAccount, press } from '../support/account.ts';
import { Browser } from '../support/browser.ts';
import type { Page } from '../support/browser.ts';
import { forgedIdToken, withClaims } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';

/*
 * A vendor's server may play the browser, and somebody may look over a user's
 * shoulder: what a browser gets at /account is read in full. Only the file that
 * the user asks for says who they are.
 */

describe.each(['relay', 'callback'])('self-service in the front channel %s', (frontChannel) => {
  let world: World;
  const secrets = new Set<string>();
  beforeAll(async () => {
    world = await createAccountWorld(
      [{ id: 'acme', client: { release_claims: ['name', 'email'] } }, { id: 'bolt' }],
      { environment: { FRONT_CHANNEL: frontChannel } },
    );
    for (const secret of [ALICE.username, emailOf(ALICE), objectIdOf(ALICE)]) secrets.add(secret);
    secrets.add(String(claimsOf(ALICE)['name']));
    for (const id of ['acme', 'bolt']) {
      const { idToken } = await world.vendor(id).logIn(new Browser(), 'alice');
      secrets.add(String(decodeJwt(idToken).sub));
    }
  });
  afterAll(() => world.close());

  const ours = ({ pages }: Browser): readonly Page[] =>
    pages.filter(({ url }) => url.href.startsWith(`${world.proxy.issuer}/account`));

  function leaksIn(pages: readonly Page[]): readonly string[] {
    const text = pages
      .map(({ url, headers, body }) => [url.href, ...[...headers].flat(), body].join('\n'))
      .join('\n');
    return [...secrets].filter((secret) => text.toLowerCase().includes(secret.toLowerCase()));
  }

  it('shows no subject and no value of the user on any page', async () => {
    const browser = new Browser();
    await browser.open(`${world.proxy.issuer}/account`);
    const page = await logInToAccount(world, browser);
    expect(page.body).toContain('Vendor acme');
    expect(page.body).toContain('Vendor bolt');
    await browser.open(`${world.proxy.issuer}/account/disconnect?vendor=bolt`);
    await press(browser, page, 'Log out');
    expect(leaksIn(ours(browser))).toEqual([]);
  });

  it('keeps nothing in the browser but random references', async () => {
    const browser = new Browser();
    await logInToAccount(world, browser);
    const cookies = await browser.jar.getCookies(world.proxy.issuer);
    const own = cookies.filter(({ key }) => key.startsWith('pairwise-'));
    expect(own.map(({ key }) => key).toSorted()).toEqual(['pairwise-account', 'pairwise-browser']);
    for (const { value } of own) expect(value).toMatch(/^[\w-]{43}$/);
  });

  it('shows a user nothing of another, whomever the request names', async () => {
    const browser = new Browser();
    const page = await logInToAccount(world, browser, 'bob');
    expect(page.body).toContain('No application knows you so far');
    const asked = await browser.open(`${world.proxy.issuer}/account?user=alice&sub=alice`);
    expect(asked.body).toContain('No application knows you so far');
    const { page: file } = await browser.submit(page, { user: 'alice', sub: 'alice' });
    expect(file.headers.get('content-type')).toBe('application/json');
    expect(leaksIn([file])).toEqual([]);
  });

  it('ends a login only in the browser that began it', async () => {
    const alice = new Browser();
    const { page } = await alice.walk(`${world.proxy.issuer}/account/login`);
    const { callback } = await alice.submitLogin(page, { username: 'alice' });
    const mallory = new Browser();
    await mallory.open(`${world.proxy.issuer}/account/login`);
    const answer = await mallory.open(callback ?? fail());
    expect(answer.status).toBe(400);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it.each([
    ['an hour ago', { auth_time: Math.floor(Date.now() / 1000) - 3600 }],
    ['at a time that is not said', { auth_time: undefined }],
  ])('opens to nobody who was authenticated %s', async (_when, claims) => {
    const { faults } = world.upstream;
    faults.arm('token', forgedIdToken(withClaims(world.upstream.signingKey(), () => claims)), 1);
    const browser = new Browser();
    const page = await logInToAccount(world, browser);
    faults.clear();
    expect(page.status).toBe(403);
    const { body } = await browser.open(`${world.proxy.issuer}/account`);
    expect(body).toContain('/account/login');
  });

  it('gives nothing to a form that does not repeat the token of its session', async () => {
    const browser = new Browser();
    const page = await logInToAccount(world, browser);
    const other = await logInToAccount(world, new Browser());
    for (const token of ['', 'x', other.forms[0]?.fields['token'] ?? fail()]) {
      const { page: answer } = await browser.submit(page, { token });
      expect(answer.status).toBe(403);
      expect(leaksIn([answer])).toEqual([]);
    }
  });

  it('tells vendors nothing of it', async () => {
    for (const id of ['acme', 'bolt']) {
      expect(JSON.stringify(world.vendor(id).record)).not.toContain('account');
    }
  });
});

function fail(): never {
  throw new Error('the login led elsewhere');
}

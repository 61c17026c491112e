import { SignJWT, decodeJwt, decodeProtectedHeader, importJWK } from 'jose';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { AtRest } from '../../src/database/at-rest.ts';
import { readSigningKeys } from '../../src/database/signing-keys.ts';
import { keepKeys, rotateKeys } from '../../src/signing/upkeep.ts';
import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import type { Changes } from '../support/by-hand.ts';
import { members, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Hints that name a subject of the client (OpenID Connect Core 3.1.2.1, 5.5.1)
 * are kept, and compared once the user is known: at the authorization endpoint
 * where the proxy can redeem the upstream's code, else at the token endpoint.
 */

/** Seconds by which the proxy's clock is ahead. */
let passed = 0;
const clock = (): Date => new Date(Date.now() + passed * 1000);

describe.each(['relay', 'callback'])('through the front channel %s', (frontChannel) => {
  let world: World;
  beforeAll(async () => {
    passed = 0;
    world = await createWorld(
      [
        { id: 'acme' },
        { id: 'passing', authentication: 'forwarded' },
        { id: 'open', client: { phase: 'public' } },
        { id: 'moving', client: { phase: 'public' } },
        { id: 'piloted', client: { phase: 'shadow' } },
        { id: 'asking', client: { login_hint: 'forward' } },
      ],
      { environment: { FRONT_CHANNEL: frontChannel }, clock },
    );
  });
  afterAll(() => world.close());

  it.each(['acme', 'passing'])(
    'an ID token of its own lets %s’s user in, and nobody else',
    async (id) => {
      const idToken = await idTokenOf(id, 'alice');
      expect(await outcome(id, 'alice', { id_token_hint: idToken })).toBe('alice');
      expect(await outcome(id, 'bob', { id_token_hint: idToken })).toBe(refusal(id));
    },
  );

  it('an ID token that has expired is a hint all the same', async () => {
    const { exp, iat, ...claims } = decodeJwt(await idTokenOf('acme', 'alice'));
    const longAgo = { ...claims, exp: Number(exp) - 86_400, iat: Number(iat) - 86_400 };
    const idToken = await new SignJWT(longAgo)
      .setProtectedHeader({ alg: 'RS256', kid: (await ownKey()).kid })
      .sign((await ownKey()).privateKey);
    const later = { id_token_hint: idToken };
    expect(await outcome('acme', 'alice', later)).toBe('alice');
    expect(await outcome('acme', 'bob', later)).toBe('login_required');
  });

  it.each([
    ['id_token', 'value'],
    ['id_token', 'values'],
    ['userinfo', 'value'],
    ['userinfo', 'values'],
  ])('claims.%s.sub.%s names the user who may log in', async (part, member) => {
    const sub = await subOf('acme', 'alice');
    const claims = claimsFor(part, member === 'value' ? { value: sub } : { values: ['x', sub] });
    expect(await outcome('acme', 'alice', claims)).toBe('alice');
    expect(await outcome('acme', 'bob', claims)).toBe('login_required');
  });

  it.each([null, { essential: true }, {}, { values: [] }])(
    'claims.id_token.sub of %j asks for nobody in particular',
    async (sub) => {
      expect(await outcome('acme', 'bob', claimsFor('id_token', sub))).toBe('bob');
    },
  );

  it('two parts of claims must both be met', async () => {
    const [alice, bob] = [await subOf('acme', 'alice'), await subOf('acme', 'bob')];
    const claims = {
      claims: JSON.stringify({
        id_token: { sub: { value: alice } },
        userinfo: { sub: { value: bob } },
      }),
    };
    expect(await outcome('acme', 'alice', claims)).toBe('login_required');
    expect(await outcome('acme', 'bob', claims)).toBe('login_required');
  });

  it('a login_hint that is the client’s own subject counts as one', async () => {
    const hint = { login_hint: await subOf('acme', 'alice') };
    expect(await outcome('acme', 'alice', hint)).toBe('alice');
    expect(await outcome('acme', 'bob', hint)).toBe('login_required');
  });

  it('a public client’s own subjects are the upstream’s', async () => {
    const idToken = await idTokenOf('open', 'alice');
    for (const hint of [
      { id_token_hint: idToken },
      claimsFor('id_token', { value: 'alice' }),
      { login_hint: 'alice' },
    ]) {
      expect(await outcome('open', 'alice', hint)).toBe('alice');
      expect(await outcome('open', 'bob', hint)).toBe('login_required');
    }
    // Nobody has met him here, but he would be told as this.
    expect(await outcome('open', 'bob', claimsFor('id_token', { value: 'bob' }))).toBe('bob');
  });

  it('a login_hint that is nobody’s subject does not keep a user of a public client out', async () => {
    expect(await outcome('open', 'bob', { login_hint: 'bob@legacy.example' })).toBe('bob');
  });

  it.each(['moving', 'piloted'])(
    'what %s was given before it became pairwise stays a hint',
    async (id) => {
      const idToken = await idTokenOf(id, 'alice');
      expect(decodeJwt(idToken).sub).toBe('alice');
      passed += 1;
      await set(id);
      expect(await subOf(id, 'alice')).toMatch(/^[a-z2-7]{52}$/);
      for (const hint of [
        { id_token_hint: idToken },
        claimsFor('userinfo', { value: 'alice' }),
        { login_hint: 'alice' },
      ]) {
        expect(await outcome(id, 'alice', hint)).toBe('alice');
        expect(await outcome(id, 'bob', hint)).toBe('login_required');
      }
    },
  );

  it('hints that are subjects are never forwarded', async () => {
    const idToken = await idTokenOf('asking', 'alice');
    const sub = decodeJwt(idToken).sub ?? '';
    const before = world.upstream.requests.length;
    for (const hint of [
      { id_token_hint: idToken },
      { login_hint: sub },
      claimsFor('id_token', { value: sub }),
    ]) {
      await outcome('asking', 'alice', hint);
    }
    const seen = world.upstream.requests.slice(before).map(({ url, body }) => url.href + body);
    const asked = seen.join('\n');
    expect(asked).not.toContain(sub);
    expect(asked).not.toContain(idToken);
    expect(asked).not.toMatch(/[?&](login_hint|id_token_hint|claims)=/);
  });

  it('any other login_hint goes to the upstream or not, as the client’s policy says', async () => {
    for (const hint of ['alice', 'alice@legacy.example', 'nobody at all']) {
      for (const [id, forwarded] of [
        ['asking', hint],
        ['acme', null],
      ] as const) {
        const before = world.upstream.requests.length;
        expect(await outcome(id, 'alice', { login_hint: hint })).toBe('alice');
        const asked = world.upstream.requests.slice(before);
        const first = asked.find(({ url }) => url.pathname === '/auth');
        expect(first?.url.searchParams.get('login_hint')).toBe(forwarded);
      }
    }
  });

  it('prompt=none with a hint logs the user of the session in, or says login_required', async () => {
    const browser = new Browser();
    const vendor = vendorByHand(world, 'acme');
    await vendor.logIn(browser, 'alice');
    const [alice, bob] = [await idTokenOf('acme', 'alice'), await idTokenOf('acme', 'bob')];
    const silent = { prompt: 'none' };
    expect(await outcome('acme', 'alice', { ...silent, id_token_hint: alice }, browser)).toBe(
      'alice',
    );
    expect(await outcome('acme', 'alice', { ...silent, id_token_hint: bob }, browser)).toBe(
      'login_required',
    );
  });

  it('an ID token that a retired key signed is a hint all the same', async () => {
    const idToken = await idTokenOf('acme', 'alice');
    const { database, keyring } = world.proxy;
    const store = { db: database.db, atRest: new AtRest(keyring.storage), clock };
    await rotateKeys(store, ['RS256']);
    passed += 700;
    await keepKeys(store);
    passed -= 700;
    const fresh = await vi.waitFor(async () => {
      const next = await idTokenOf('acme', 'alice');
      expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(idToken).kid);
      return next;
    }, 5000);
    expect(await outcome('acme', 'alice', { id_token_hint: fresh })).toBe('alice');
    expect(await outcome('acme', 'alice', { id_token_hint: idToken })).toBe('alice');
    expect(await outcome('acme', 'bob', { id_token_hint: idToken })).toBe('login_required');
  });

  /** Who got in, by the upstream's name, or the error that the vendor got at last. */
  async function outcome(
    id: string,
    username: string,
    changes: Changes,
    browser = new Browser(),
  ): Promise<string> {
    const vendor = vendorByHand(world, id);
    const { url, verifier } = vendor.request(changes);
    const { searchParams } = await browser.login(url, { username });
    const code = searchParams.get('code');
    if (code === null) return searchParams.get('error') ?? 'neither code nor error';
    const answer = members(await vendor.redeem({ code, verifier }));
    if (answer['error'] !== undefined) return String(answer['error']);
    const { sub } = decodeJwt(String(answer['id_token']));
    return sub === (await subOf(id, username)) ? username : `somebody else, ${sub ?? ''}`;
  }

  function refusal(id: string): string {
    return id === 'passing' ? 'invalid_grant' : 'login_required';
  }

  async function idTokenOf(id: string, username: string): Promise<string> {
    return (await vendorByHand(world, id).logIn(new Browser(), username)).idToken;
  }

  async function subOf(id: string, username: string): Promise<string> {
    return decodeJwt(await idTokenOf(id, username)).sub ?? '';
  }

  async function set(id: string): Promise<void> {
    await rolloutSet(world.proxy.rollout, {
      clientId: `${id}-web`,
      phase: 'pairwise',
      actor: 'test',
    });
    await world.proxy.application.registry.refresh();
  }

  async function ownKey() {
    const { database, keyring } = world.proxy;
    const rows = await readSigningKeys(database.db, new AtRest(keyring.storage));
    const row = rows.find(({ alg, state }) => alg === 'RS256' && state === 'active');
    if (row === undefined) throw new Error('no key');
    const { kid, privateJwk } = row;
    return { kid, privateKey: await importJWK(privateJwk as JWK, 'RS256') };
  }
});

function claimsFor(part: string, sub: unknown): Changes {
  return { claims: JSON.stringify({ [part]: { sub } }) };
}

/*
 * Whoever can put an ID token of his making into the upstream's answer is whom he
 * says he is. So none is believed whose signature, issuer, audience, nonce, time or
 * subject is not right, by an algorithm that we did not choose, or keyed with what
 * everybody knows (OpenID Connect Core 3.1.3.7 and 12.2; RFC 8725 2.1).
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Reason } from '../../src/errors.ts';
import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { expectRefused } from '../support/refused.ts';
import { withMembers } from '../support/upstream/faults.ts';
import {
  bitFlipped,
  forgedIdToken,
  hs256WithPublicKey,
  signedByAnotherKey,
  signedByUnknownKey,
  unsigned,
  withClaims,
  withoutIdToken,
} from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const BROKEN = { status: 502, error: 'server_error' } as const;

let world: World;
let acme: VendorByHand;
let browser: Browser;
beforeAll(async () => {
  world = await createWorld();
  acme = vendorByHand(world, 'acme');
  browser = new Browser();
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

const now = (): number => Math.floor(Date.now() / 1000);
const key = () => world.upstream.signingKey();
const claims = (change: (claims: Record<string, unknown>) => Record<string, unknown>) => () =>
  withClaims(key(), change);
const FORGERIES: readonly [string, () => Parameters<typeof forgedIdToken>[0], Reason][] = [
  ['a changed bit in the signature', bitFlipped, 'id_token_signature'],
  ["a key that is not the upstream's", signedByAnotherKey, 'id_token_signature'],
  ['a key that nobody published', signedByUnknownKey, 'id_token_key_unknown'],
  ['no signature (alg none)', unsigned, 'id_token_algorithm'],
  [
    'HS256 over the public key as PEM',
    () => hs256WithPublicKey(key(), 'pem'),
    'id_token_algorithm',
  ],
  [
    'HS256 over the public key as JWK',
    () => hs256WithPublicKey(key(), 'jwk'),
    'id_token_algorithm',
  ],
  ['another issuer', claims(() => ({ iss: 'https://attacker.example' })), 'id_token_issuer'],
  ['no issuer', claims(() => ({ iss: undefined })), 'id_token_issuer'],
  ['an issuer with a slash', claims(({ iss }) => ({ iss: `${String(iss)}/` })), 'id_token_issuer'],
  ["another client's audience", claims(() => ({ aud: 'legacy-bolt' })), 'id_token_audience'],
  ["the vendor's own client id", claims(() => ({ aud: 'acme-web' })), 'id_token_audience'],
  ['no audience', claims(() => ({ aud: undefined })), 'id_token_audience'],
  [
    'two audiences and no azp',
    claims(({ aud }) => ({ aud: [aud, 'legacy-bolt'] })),
    'id_token_audience',
  ],
  ["another party's azp", claims(() => ({ azp: 'legacy-bolt' })), 'id_token_audience'],
  [
    'an exp that is over',
    // Also where a leeway for clocks would have let it pass: what we sign ends with it.
    claims(() => ({ exp: now() - 5, iat: now() - 120 })),
    'id_token_expired',
  ],
  ['no exp', claims(() => ({ exp: undefined })), 'id_token_malformed'],
  ['an iat to come', claims(() => ({ iat: now() + 600 })), 'id_token_not_yet_valid'],
  ['no sub', claims(() => ({ sub: undefined })), 'subject_missing'],
  ['an empty sub', claims(() => ({ sub: '' })), 'subject_missing'],
  ['a sub that is a number', claims(() => ({ sub: 7 })), 'subject_missing'],
  ['a sub of 256 bytes', claims(() => ({ sub: 'a'.repeat(256) })), 'subject_too_long'],
  [
    'a sub of 128 letters in 256 bytes',
    claims(() => ({ sub: 'é'.repeat(128) })),
    'subject_too_long',
  ],
];
const AT_LOGIN: typeof FORGERIES = [
  ['another nonce', claims(() => ({ nonce: 'chosen-by-the-attacker' })), 'id_token_nonce'],
  ['no nonce', claims(() => ({ nonce: undefined })), 'id_token_nonce'],
  ['the hash of another access token', claims(() => ({ at_hash: 'AAAAAAAA' })), 'id_token_hash'],
];

describe('an ID token of the upstream at the end of a login', () => {
  it.each([...FORGERIES, ...AT_LOGIN])('is refused with %s', async (_what, forge, reason) => {
    const begun = await acme.begin(browser);
    world.upstream.faults.arm('token', forgedIdToken(forge()), 1);
    await expectRefused(world, { ...BROKEN, reason }, () => acme.redeem(begun), [begun.code]);
    expect(await pseudonyms()).toBe(0);
  });

  it('must be there', async () => {
    const begun = await acme.begin(browser);
    world.upstream.faults.arm('token', withoutIdToken(), 1);
    const expected = { ...BROKEN, reason: 'upstream_token_missing' } as const;
    await expectRefused(world, expected, () => acme.redeem(begun), [begun.code]);
  });

  it('must not be the one of another login (replay)', async () => {
    const own = await acme.begin(new Browser(), 'bob');
    let stolen = '';
    world.upstream.faults.arm(
      'token',
      forgedIdToken((token) => (stolen = token)),
      1,
    );
    await acme.redeem(own);
    const begun = await acme.begin(browser);
    world.upstream.faults.arm(
      'token',
      forgedIdToken(() => stolen),
      1,
    );
    const expected = { ...BROKEN, reason: 'id_token_nonce' } as const;
    await expectRefused(world, expected, () => acme.redeem(begun), [begun.code]);
  });
});

describe('an ID token of the upstream on refresh', () => {
  it.each(FORGERIES)('is refused with %s', async (_what, forge, reason) => {
    const { refreshToken } = await acme.logIn(browser);
    world.upstream.faults.arm('token', forgedIdToken(forge()), 1);
    const expected = { ...BROKEN, reason };
    await expectRefused(world, expected, () => acme.refresh(refreshToken), [refreshToken]);
  });

  it('is refused when it is about another user', async () => {
    const { refreshToken } = await acme.logIn(browser);
    const bob = withClaims(key(), () => ({ sub: 'bob' }));
    world.upstream.faults.arm('token', forgedIdToken(bob), 1);
    const expected = { ...BROKEN, reason: 'subject_of_another_user' } as const;
    await expectRefused(world, expected, () => acme.refresh(refreshToken), [refreshToken]);
  });
});

describe('what userinfo says', () => {
  it.each<[string, Record<string, unknown>, Reason]>([
    ['another user', { sub: 'bob' }, 'subject_of_another_user'],
    ['the user in other letter case', { sub: 'Alice' }, 'subject_of_another_user'],
    ['the user with a blank', { sub: 'alice ' }, 'subject_of_another_user'],
    ['nobody', { sub: undefined }, 'subject_missing'],
    ['an empty sub', { sub: '' }, 'subject_missing'],
    ['a number', { sub: 1 }, 'subject_missing'],
    ['a list', { sub: ['alice'] }, 'subject_missing'],
    ['a sub over 255 bytes', { sub: 'a'.repeat(256) }, 'subject_too_long'],
  ])('is refused when it is about %s', async (_what, changes, reason) => {
    const { accessToken } = await acme.logIn(browser);
    world.upstream.faults.arm('userinfo', withMembers(changes), 1);
    const expected = { ...BROKEN, reason };
    await expectRefused(world, expected, () => acme.userinfo(accessToken), [accessToken]);
  });

  it("is refused when it is the pseudonym itself, which is no upstream's subject", async () => {
    const { accessToken } = await acme.logIn(browser);
    const sub = member(await acme.userinfo(accessToken), 'sub');
    world.upstream.faults.arm('userinfo', withMembers({ sub }), 1);
    const expected = { ...BROKEN, reason: 'subject_of_another_user' } as const;
    await expectRefused(world, expected, () => acme.userinfo(accessToken), [accessToken]);
  });
});

/** How many users of the proxy have a pseudonym. */
async function pseudonyms(): Promise<number> {
  const rows = await world.database.db('pseudonyms').count<{ n: number }[]>({ n: '*' });
  return Number(rows[0]?.n);
}

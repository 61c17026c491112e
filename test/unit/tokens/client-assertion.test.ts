/*
 * An assertion is written by whoever wants to be a client. What is signed with the
 * wrong thing, for another reader, for too long or for ever, or as another kind of
 * JWT, is no credential (RFC 7523 3, RFC 8725).
 */
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { assertedClientId, verifyClientAssertion } from '../../../src/tokens/client-assertion.ts';
import type { AssertionExpectation } from '../../../src/tokens/client-assertion.ts';
import type { ClientKey } from '../../../src/vendors/client-keys.ts';
import { encoded, handMadeJws } from '../../support/hand-made-jws.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const AUDIENCE = 'https://login.example/oidc/token';
const SECRET = 'a secret of thirty-two characters';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

const keyOf = ({ publicKey }: typeof pair, members: Partial<ClientKey> = {}) =>
  ({ ...publicKey.export({ format: 'jwk' }), ...members }) as ClientKey;

const byKey: AssertionExpectation = {
  clientId: 'acme-web',
  audiences: ['https://login.example', AUDIENCE],
  material: { method: 'private_key_jwt', keys: [keyOf(pair, { kid: 'k' })] },
  algorithm: undefined,
  now,
};
const bySecret: AssertionExpectation = {
  ...byKey,
  material: { method: 'client_secret_jwt', secret: SECRET },
};

const GOOD = {
  ...{ iss: 'acme-web', sub: 'acme-web', aud: AUDIENCE, jti: 'one' },
  ...{ iat: seconds, exp: seconds + 60 },
};

function assertion(claims: unknown = {}, header = {}, { privateKey } = pair): string {
  const payload = typeof claims === 'object' ? { ...GOOD, ...claims } : claims;
  return handMadeJws({ alg: 'ES256', kid: 'k', ...header }, payload, privateKey);
}

function mac(alg: string, secret = SECRET): string {
  return handMadeJws({ alg }, GOOD, createSecretKey(Buffer.from(secret)));
}

async function judged(jwt: string, changes: Partial<AssertionExpectation> = {}) {
  const result = await verifyClientAssertion(jwt, { ...byKey, ...changes });
  return result.ok ? 'believed' : result.reason;
}

describe('an assertion is believed', () => {
  test('and tells its id, and until when it could come again', async () => {
    expect(await verifyClientAssertion(assertion(), byKey)).toEqual({
      ok: true,
      value: { jti: 'one', expiresAt: new Date(now.getTime() + 120_000) },
    });
  });

  test.each(['HS256', 'HS384', 'HS512'])('signed with the secret by %s', async (alg) => {
    expect(await judged(mac(alg), bySecret)).toBe('believed');
  });

  test.each(['Ed25519', 'EdDSA'])('signed with EdDSA under the name %s', async (alg) => {
    const material = { method: 'private_key_jwt', keys: [keyOf(ed)] } as const;
    const jwt = handMadeJws({ alg }, GOOD, ed.privateKey);
    expect(await judged(jwt, { material, algorithm: 'EdDSA' })).toBe('believed');
  });

  test.each(['JWT', 'application/jwt', 'client-authentication+jwt'])('of type %s', async (typ) => {
    expect(await judged(assertion({}, { typ }))).toBe('believed');
  });

  test('for our issuer, and for a list of nothing but our names', async () => {
    expect(await judged(assertion({ aud: 'https://login.example' }))).toBe('believed');
    expect(await judged(assertion({ aud: byKey.audiences }))).toBe('believed');
  });

  test('for half a minute longer than it says: clocks differ', async () => {
    const late = new Date(now.getTime() + 89_000);
    expect(await judged(assertion(), { now: late })).toBe('believed');
  });
});

describe('an assertion is refused', () => {
  test('whatever text it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        expect(await judged(text)).toBe('client_assertion_invalid');
      }),
    );
  });

  test.each<[string, string]>([
    ['is longer than any honest one', assertion({ more: 'x'.repeat(32 * 1024) })],
    ['has no signature part', assertion().split('.').slice(0, 2).join('.')],
    ['has a signature that is no base64url', `${encoded({ alg: 'ES256' })}.${encoded(GOOD)}.=`],
    ['has a header that is a list', `${encoded([])}.${encoded(GOOD)}.AA`],
    ['claims a text', assertion('"acme-web"')],
    ['declares an extension critical', assertion({}, { crit: ['x'], x: 1 })],
    ['has no algorithm', `${encoded({ kid: 'k' })}.${encoded(GOOD)}.AA`],
    ['is not signed at all', `${encoded({ alg: 'none' })}.${encoded(GOOD)}.`],
    ['names its key by a number', assertion({}, { kid: 7 })],
    ['is of the type of a proof', assertion({}, { typ: 'dpop+jwt' })],
    ['is of a type that is no text', assertion({}, { typ: 7 })],
    ['is signed by another key of the same name', assertion({}, {}, other)],
    ['is signed with the secret of a client that has keys', mac('HS256')],
    ['is of another issuer', assertion({ iss: 'bolt-web' })],
    ['is of another client', assertion({ sub: 'bolt-web' })],
    ['is for another server', assertion({ aud: 'https://elsewhere.example' })],
    ['is for another server too', assertion({ aud: [AUDIENCE, 'https://elsewhere.example'] })],
    ['is for nobody', assertion({ aud: [] })],
    ['never ends', assertion({ exp: undefined })],
    ['ends at a text', assertion({ exp: String(GOOD.exp) })],
    ['is good for two hours', assertion({ exp: seconds + 7200 })],
    ['was made later', assertion({ iat: seconds + 60 })],
    ['was made at a text', assertion({ iat: 'now' })],
    ['is not yet good', assertion({ nbf: seconds + 60 })],
    ['has no id', assertion({ jti: undefined })],
    ['has an empty id', assertion({ jti: '' })],
    ['has an endless id', assertion({ jti: 'x'.repeat(501) })],
  ])('that %s', async (_what, jwt) => {
    expect(await judged(jwt)).toBe('client_assertion_invalid');
  });

  test('that has expired, and the client is told so', async () => {
    expect(await judged(assertion({ exp: seconds - 30 }))).toBe('client_assertion_expired');
  });

  test('of a key that is not known, so that the keys may be fetched again', async () => {
    expect(await judged(assertion({}, { kid: 'new' }))).toBe('client_assertion_key_unknown');
  });

  test('by another algorithm than the registered one', async () => {
    expect(await judged(assertion(), { algorithm: 'ES384' })).toBe('client_assertion_invalid');
    const pinned = { ...bySecret, algorithm: 'HS512' };
    expect(await judged(mac('HS256'), pinned)).toBe('client_assertion_invalid');
  });

  test('of a client with a secret: by another secret, or by a key', async () => {
    expect(await judged(mac('HS256', 'another'), bySecret)).toBe('client_assertion_invalid');
    expect(await judged(assertion(), bySecret)).toBe('client_assertion_invalid');
  });
});

describe('the client that an assertion names', () => {
  test('is its subject, before anything is believed', () => {
    expect(assertedClientId(assertion({ sub: 'bolt-web' }, {}, other))).toBe('bolt-web');
  });

  test.each<[string, string]>([
    ['says nothing', assertion({ sub: undefined })],
    ['says an empty text', assertion({ sub: '' })],
    ['says a number', assertion({ sub: 7 })],
    ['is no JWT', 'nonsense'],
  ])('is nobody where it %s', (_what, jwt) => {
    expect(assertedClientId(jwt)).toBeUndefined();
  });
});

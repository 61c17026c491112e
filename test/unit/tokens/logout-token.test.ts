/*
 * Whoever can make the proxy believe a logout token ends the sessions of others
 * (OpenID Connect Back-Channel Logout 2.6).
 */
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { verifyLogoutToken } from '../../../src/tokens/logout-token.ts';
import type { LogoutTokenExpectation } from '../../../src/tokens/logout-token.ts';
import { encoded, handMadeJws } from '../../support/hand-made-jws.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

const EXPECTED: LogoutTokenExpectation = {
  keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k' }],
  issuer: 'https://legacy.example',
  algorithms: ['RS256'],
  now,
};

const GOOD = {
  ...{ iss: 'https://legacy.example', aud: 'legacy-acme', jti: 'one', sub: 'alice', sid: 's' },
  ...{ iat: seconds, exp: seconds + 60, events: { [EVENT]: {} } },
};

function token(claims: object = {}, header = {}, { privateKey } = pair): string {
  return handMadeJws({ alg: 'RS256', kid: 'k', ...header }, { ...GOOD, ...claims }, privateKey);
}

async function judged(jwt: string, changes: Partial<LogoutTokenExpectation> = {}) {
  const result = await verifyLogoutToken(jwt, { ...EXPECTED, ...changes });
  return result.ok ? 'believed' : result.reason;
}

async function read(claims: object) {
  const result = await verifyLogoutToken(token(claims), EXPECTED);
  return result.ok ? result.value : result.reason;
}

describe('a logout token is believed', () => {
  test('and tells whom it is about, and until when it could come again', async () => {
    expect(await read({})).toEqual({
      audience: ['legacy-acme'],
      jti: 'one',
      subject: 'alice',
      sid: 's',
      expiresAt: new Date(now.getTime() + 90_000),
    });
  });

  test('about a user in all sessions, or about one session alone', async () => {
    expect(await read({ sid: undefined })).toMatchObject({ subject: 'alice', sid: undefined });
    expect(await read({ sub: undefined })).toMatchObject({ subject: undefined, sid: 's' });
  });

  test('for more than one client', async () => {
    expect(await read({ aud: ['a', 'b'] })).toMatchObject({ audience: ['a', 'b'] });
  });

  test.each(['JWT', 'logout+jwt', 'application/logout+jwt'])('of type %s', async (typ) => {
    expect(await judged(token({}, { typ }))).toBe('believed');
  });

  test('without a name of its key, and from a moment that has begun', async () => {
    expect(await judged(token({ nbf: seconds }, { kid: undefined }))).toBe('believed');
  });

  test('for five minutes where it says no end, for an hour at the most where it does', async () => {
    const end = (after: number) => ({ expiresAt: new Date(now.getTime() + after * 1000) });
    expect(await read({ exp: undefined })).toMatchObject(end(330));
    expect(await read({ exp: seconds + 86_400 })).toMatchObject(end(3630));
  });
});

describe('a logout token is refused', () => {
  test('whatever text it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        expect(await judged(text)).toBe('logout_token_invalid');
      }),
    );
  });

  test.each<[string, string]>([
    ['has a header that is no base64url', `=.${encoded(GOOD)}.AA`],
    ['has a header that is a list', `${encoded([])}.${encoded(GOOD)}.AA`],
    ['is not signed', `${encoded({ alg: 'none' })}.${encoded(GOOD)}.`],
    ['is signed by an algorithm that the provider does not offer', token({}, { alg: 'PS256' })],
    ['declares an extension critical', token({}, { crit: ['x'], x: 1 })],
    ['names its key by a number', token({}, { kid: 7 })],
    ['is an access token', token({}, { typ: 'at+jwt' })],
    ['is of a type that is no text', token({}, { typ: 7 })],
    ['is signed by another key of the same name', token({}, {}, other)],
    ['claims a list', handMadeJws({ alg: 'RS256', kid: 'k' }, [], pair.privateKey)],
    ['is of another issuer', token({ iss: 'https://elsewhere.example' })],
    ['is for nobody', token({ aud: [] })],
    ['is for a number', token({ aud: [7] })],
    ['has no audience', token({ aud: undefined })],
    ['has no id', token({ jti: undefined })],
    ['has an empty id', token({ jti: '' })],
    ['may be an ID token', token({ nonce: null })],
    ['has no events', token({ events: undefined })],
    ['has events in a list', token({ events: [EVENT] })],
    ['has another event', token({ events: { other: {} } })],
    ['has an event that is a text', token({ events: { [EVENT]: 'yes' } })],
    ['is about nobody', token({ sub: undefined, sid: undefined })],
    ['is about a user that is a number', token({ sub: 7 })],
    ['is about a user without a name', token({ sub: '' })],
    ['is about a session that is a number', token({ sid: 7 })],
    ['is about a session without a name', token({ sid: '' })],
    ['says no time', token({ iat: undefined })],
    ['was made later', token({ iat: seconds + 60 })],
    ['ends at a text', token({ exp: 'never' })],
    ['is not yet good', token({ nbf: seconds + 60 })],
    ['is not yet good, by a text', token({ nbf: 'now' })],
    ['has expired', token({ exp: seconds - 30 })],
    ['is old and says no end', token({ iat: seconds - 331, exp: undefined })],
    ['is of yesterday, whatever its end', token({ iat: seconds - 86_400 })],
  ])('that %s', async (_what, jwt) => {
    expect(await judged(jwt)).toBe('logout_token_invalid');
  });

  test.each(['iat', 'exp'])('that has an endless %s (JSON reads 1e999 so)', async (name) => {
    const claims = JSON.stringify({ ...GOOD, [name]: 0 }).replace(`"${name}":0`, `"${name}":1e999`);
    const jwt = handMadeJws({ alg: 'RS256', kid: 'k' }, claims, pair.privateKey);
    expect(await judged(jwt)).toBe('logout_token_invalid');
  });

  test('that is signed with a public key as a secret, even where that is offered', async () => {
    const secret = createSecretKey(pair.publicKey.export({ format: 'der', type: 'spki' }));
    const jwt = handMadeJws({ alg: 'HS256' }, GOOD, secret);
    expect(await judged(jwt, { algorithms: ['HS256'] })).toBe('logout_token_invalid');
  });

  test('of a key that is not known, so that the keys may be fetched again', async () => {
    expect(await judged(token({}, { kid: 'new' }))).toBe('id_token_key_unknown');
  });
});

/*
 * Everybody who holds a token of ours may change it, or try another kind of token
 * that the same keys signed (RFC 9068 4, RFC 8725 3.11).
 */
import { beforeAll, describe, expect, test } from 'vitest';

import {
  clientSubject,
  looksLikeJwt,
  signAccessToken,
  verifyAccessToken,
} from '../../../src/tokens/at-jwt.ts';
import type { AccessTokenClaims } from '../../../src/tokens/at-jwt.ts';
import {
  generateSigningKey,
  importSigningKey,
  publicJwks,
} from '../../../src/tokens/signing-keys.ts';
import type { SigningKey } from '../../../src/tokens/signing-keys.ts';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { encoded } from '../../support/hand-made-jws.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const ISSUER = 'https://login.example';

const GOOD: AccessTokenClaims = {
  ...{ iss: ISSUER, sub: clientSubject({ clientId: 'acme-web' }), aud: 'https://api.example' },
  ...{ client_id: 'acme-web', scope: 'read', iat: seconds, exp: seconds + 60 },
  ...{ jti: 'one', sealed: 'sealed-value' },
};

let key: SigningKey;
let keys: readonly object[];
beforeAll(async () => {
  const generated = await generateSigningKey('ES256', now);
  const imported = await importSigningKey(generated);
  if (!imported.ok) throw new Error(imported.reason);
  key = imported.value;
  ({ keys } = publicJwks([generated]));
});

async function judged(token: string) {
  const result = await verifyAccessToken(token, { keys, issuer: ISSUER, now });
  return result.ok ? result.value : result.reason;
}

/** Signed with our key, as one of its other uses or by a fault of ours. */
function signed(claims: object, header: object = {}): Promise<string> {
  return new SignJWT({ ...GOOD, ...claims } as Record<string, unknown>)
    .setProtectedHeader({ alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header })
    .sign(key.privateKey, { crit: { x: true } });
}

describe('an access token of ours', () => {
  test('is read back: its id, what is sealed in it, for whom it is', async () => {
    const token = await signAccessToken(GOOD, key);
    expect(await judged(token)).toEqual({
      jti: 'one',
      sealed: 'sealed-value',
      audience: ['https://api.example'],
    });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: key.kid });
  });

  test('may be for more than one resource', async () => {
    const aud = ['https://a.example', 'https://b.example'];
    const token = await signAccessToken({ ...GOOD, aud }, key);
    expect(decodeJwt(token).aud).toEqual(aud);
    expect(await judged(token)).toMatchObject({ audience: aud });
  });

  test('is told from a seal and from a reference by its three parts', async () => {
    expect(looksLikeJwt(await signAccessToken(GOOD, key))).toBe(true);
    expect(looksLikeJwt('a..b.c.d')).toBe(false);
    expect(looksLikeJwt('reference')).toBe(false);
  });

  test('is over at its time', async () => {
    expect(await judged(await signed({ exp: seconds }))).toBe('token_expired');
  });
});

describe('no access token of ours is', () => {
  test.each(['=', '==', '.', ' ', '\n'])(
    'one in a second spelling: with %j behind it',
    async (more) => {
      expect(await judged(`${await signAccessToken(GOOD, key)}${more}`)).toBe('token_invalid');
    },
  );

  test.each<[string, object, object]>([
    ['an ID token that the same key signed', {}, { typ: 'JWT' }],
    ['one of a type in another spelling', {}, { typ: 'AT+JWT' }],
    ['one with an extension declared critical', {}, { crit: ['x'], x: 1 }],
    ['one of an unknown key', {}, { kid: 'unknown' }],
    ['one of another issuer', { iss: 'https://elsewhere.example' }, {}],
    ['one that never ends', { exp: undefined }, {}],
    ['one without an id', { jti: undefined }, {}],
    ['one with nothing sealed in it', { sealed: undefined }, {}],
  ])('%s', async (_what, claims, header) => {
    expect(await judged(await signed(claims, header))).toBe('token_invalid');
  });

  test('one whose claims were exchanged, or that names another algorithm', async () => {
    const [header, payload, signature] = (await signed({})).split('.');
    const forged = encoded({ ...GOOD, scope: 'write' });
    expect(await judged(`${header}.${forged}.${signature}`)).toBe('token_invalid');
    const named = encoded({ alg: 'HS256', typ: 'at+jwt', kid: key.kid });
    expect(await judged(`${named}.${payload}.${signature}`)).toBe('token_invalid');
  });

  test('one whose key is kept without an algorithm that signs', async () => {
    const [jwk] = keys;
    const header = encoded({ alg: 'none', typ: 'at+jwt', kid: key.kid });
    const result = await verifyAccessToken(`${header}.${encoded(GOOD)}.`, {
      keys: [{ ...jwk, alg: 'none' }],
      issuer: ISSUER,
      now,
    });
    expect(result).toMatchObject({ ok: false, reason: 'token_invalid' });
  });

  test.each(['', 'nonsense', '.', 'e30.e30.AA', `${encoded([])}.e30.AA`])(
    'the text %j',
    async (text) => expect(await judged(text)).toBe('token_invalid'),
  );
});

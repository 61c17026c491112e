import { beforeAll, describe, expect, test } from 'vitest';
import { SignJWT } from 'jose';

import {
  generateSigningKey,
  importSigningKey,
  publicJwks,
} from '../../../src/tokens/signing-keys.ts';
import type { SigningKey } from '../../../src/tokens/signing-keys.ts';
import { claimedAudience, ownIdTokenClaims } from '../../../src/tokens/verify-own.ts';
import { encoded } from '../../support/hand-made-jws.ts';

/*
 * A hint is an ID token of ours that a browser brings back. What is believed of it
 * decides whose session ends, or who is asked to log in.
 */
const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const ISSUER = 'https://login.example';
const GOOD = { iss: ISSUER, aud: 'acme-web', sub: 'pseudonym', exp: seconds - 86_400 };

let key: SigningKey;
let keys: readonly object[];
beforeAll(async () => {
  const generated = await generateSigningKey('EdDSA', now);
  const imported = await importSigningKey(generated);
  if (!imported.ok) throw new Error(imported.reason);
  key = imported.value;
  ({ keys } = publicJwks([generated]));
});

function idToken(claims: object = {}, header: object = {}): Promise<string> {
  return new SignJWT({ ...GOOD, ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey);
}

function claimsOf(token: string, more: readonly object[] = []) {
  const expected = { keys: [...more, ...keys], issuer: ISSUER, clientId: 'acme-web' };
  return ownIdTokenClaims(token, expected);
}

describe('an ID token that comes back', () => {
  test('is ours however old it is', async () => {
    expect(await claimsOf(await idToken())).toEqual(GOOD);
  });

  test.each<[string, object, object]>([
    ['of another issuer', { iss: 'https://elsewhere.example' }, {}],
    ['of another client', { aud: 'bolt-web' }, {}],
    ['for us among others', { aud: ['acme-web', 'bolt-web'] }, {}],
    ['of an unknown key', {}, { kid: 'unknown' }],
    ['without a key', {}, { kid: undefined }],
  ])('is not ours: one %s', async (_what, claims, header) => {
    expect(await claimsOf(await idToken(claims, header))).toBeUndefined();
  });

  test('is not ours: one that was changed, one that is not signed, and no token', async () => {
    const [header, , signature] = (await idToken()).split('.');
    const changed = encoded({ ...GOOD, sub: 'another' });
    expect(await claimsOf(`${header}.${changed}.${signature}`)).toBeUndefined();
    const unsigned = encoded({ alg: 'none', kid: 'odd' });
    expect(
      await claimsOf(`${unsigned}.${encoded(GOOD)}.`, [{ kid: 'odd', alg: 'none' }]),
    ).toBeUndefined();
    for (const text of ['', 'nonsense', '=.=.=', 'e30.e30.AA', `${encoded([])}.e30.AA`]) {
      expect(await claimsOf(text)).toBeUndefined();
    }
  });
});

describe('the client that an ID token names', () => {
  test('is its audience, unverified', async () => {
    expect(claimedAudience(await idToken({ aud: 'bolt-web' }))).toBe('bolt-web');
  });

  test.each(['', 'nonsense', `e30.${encoded({ aud: 7 })}.AA`, `e30.${encoded('{')}.AA`])(
    'is nobody in %j',
    (text) => expect(claimedAudience(text)).toBeUndefined(),
  );
});

// Attacks on the token that the whole promise hangs on: whoever can make the
// proxy believe an ID token can be anybody. Tokens are built by hand here, so
// that no library's good manners stand in the way of a bad one.
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenHash } from '../../../src/tokens/hashes.ts';
import type { Jwk } from '../../../src/tokens/verification-keys.ts';
import { verifyIdToken, type IdTokenExpectation } from '../../../src/tokens/verify.ts';
import { encoded, handMadeJws } from '../../support/hand-made-jws.ts';

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed = generateKeyPairSync('ed25519');
const pairs: Readonly<Record<string, Pair>> = {
  ...{ RS256: rsa, RS384: rsa, RS512: rsa, PS256: rsa, PS384: rsa, PS512: rsa },
  ...{ ES256: p256, ES384: p384, ES512: p521, EdDSA: ed },
};

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const good = {
  iss: 'https://legacy.example',
  aud: 'client',
  sub: 'alice',
  iat: seconds - 5,
  exp: seconds + 300,
  nonce: 'our-nonce',
};

function jwk(pair: Pair, members: object = {}): Jwk {
  return { ...pair.publicKey.export({ format: 'jwk' }), ...members };
}

function token(claims: unknown, header: object = {}, key: KeyObject = rsa.privateKey): string {
  return handMadeJws({ alg: 'RS256', kid: 'k1', ...header }, claims, key);
}

const expected: IdTokenExpectation = {
  keys: [jwk(rsa, { kid: 'k1', use: 'sig' })],
  issuer: 'https://legacy.example',
  clientId: 'client',
  nonce: 'our-nonce',
  accessToken: undefined,
  algorithms: Object.keys(pairs),
  now,
};

async function reasonOf(
  jwt: string,
  changes: Partial<IdTokenExpectation> = {},
): Promise<string | undefined> {
  const result = await verifyIdToken(jwt, { ...expected, ...changes });
  return result.ok ? undefined : result.reason;
}

describe('an ID token is believed', () => {
  test.each(Object.entries(pairs))('signed with %s', async (alg, pair) => {
    const result = await verifyIdToken(token(good, { alg }, pair.privateKey), {
      ...expected,
      keys: [jwk(pair, { kid: 'k1' })],
    });
    expect(result).toEqual({ ok: true, value: { claims: good, subject: 'alice', algorithm: alg } });
  });

  test('without a kid, by whichever fitting key', async () => {
    const keys = [jwk(p256), jwk(otherRsa, { kid: 'a' }), jwk(rsa, { kid: 'b' })];
    expect(await reasonOf(token(good, { kid: undefined }), { keys })).toBeUndefined();
  });

  test('by the fitting one of two keys with one kid', async () => {
    const keys = [jwk(otherRsa, { kid: 'k1' }), jwk(rsa, { kid: 'k1' })];
    expect(await reasonOf(token(good), { keys })).toBeUndefined();
  });

  test.each(['JWT', 'jwt', 'application/jwt', 'id_token+jwt'])('of the type %s', async (typ) => {
    expect(await reasonOf(token(good, { typ }))).toBeUndefined();
  });

  test('by a JWKS that carelessly publishes the private key', async () => {
    const leaked = { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'k1' } as Jwk;
    expect(await reasonOf(token(good), { keys: [leaked] })).toBeUndefined();
  });

  test('whatever else the JWKS holds', async () => {
    const odd = [{}, { kty: 'RSA', kid: 'k1' }, { kty: 'oct', kid: 'k1' }, { kty: 'new' }] as Jwk[];
    expect(await reasonOf(token(good), { keys: [...odd, ...expected.keys] })).toBeUndefined();
  });

  test('when no nonce was sent, with or without one', async () => {
    const { nonce: _, ...without } = good;
    expect(await reasonOf(token(without), { nonce: undefined })).toBeUndefined();
    expect(await reasonOf(token(good), { nonce: undefined })).toBeUndefined();
  });
});

describe('an ID token is refused as id_token_malformed', () => {
  test('whatever text it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        expect(await reasonOf(text)).toBe('id_token_malformed');
      }),
    );
  });

  test.each([
    ['a JWE', 'a.b.c.d.e'],
    ['a missing signature part', token(good).split('.').slice(0, 2).join('.')],
    ['padding', `${token(good)}=`],
    ['a header that is a list', `${encoded([])}.e30.AA`],
    ['a header that is null', `${encoded('null')}.e30.AA`],
    ['a header that is not JSON', `${encoded('{')}.e30.AA`],
  ])('with %s', async (_name, jwt) => {
    expect(await reasonOf(jwt)).toBe('id_token_malformed');
  });

  test.each([
    ['critical extensions', { crit: ['b64'], b64: false }],
    ['an empty list of critical extensions', { crit: [] }],
    ['a kid that is a number', { kid: 1 }],
    ['the type of an access token', { typ: 'at+jwt' }],
    ['the type of a logout token', { typ: 'logout+jwt' }],
    ['a type that is a number', { typ: 1 }],
  ])('with %s in its header', async (_name, header) => {
    expect(await reasonOf(token(good, header))).toBe('id_token_malformed');
  });

  test.each([
    ['a list', []],
    ['text', '"alice"'],
    ['not JSON', '{'],
    ['without exp', { ...good, exp: undefined }],
    ['with an exp in text', { ...good, exp: '9999999999' }],
    ['without iat', { ...good, iat: undefined }],
    ['with an nbf in text', { ...good, nbf: '1' }],
    ['of a sub with half a surrogate pair', '{"sub":"\\ud800"}'],
  ])('when its claims are %s', async (name, claims) => {
    const all = name.includes('surrogate')
      ? JSON.stringify(good).replace('alice', '\\ud800')
      : claims;
    expect(await reasonOf(token(all))).toBe('id_token_malformed');
  });

  test.each(['exp', 'iat', 'nbf'])(
    'when its %s is endless (JSON reads 1e999 as infinity)',
    async (name) => {
      const claims = JSON.stringify({ ...good, [name]: 0 }).replace(
        `"${name}":0`,
        `"${name}":1e999`,
      );
      expect(claims).toContain('1e999');
      expect(await reasonOf(token(claims))).toBe('id_token_malformed');
    },
  );

  test('when its claims are not UTF-8', async () => {
    const jwt = token(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(await reasonOf(jwt)).toBe('id_token_malformed');
  });
});

describe('an ID token is refused as id_token_algorithm', () => {
  test.each(['none', 'None', 'NONE', '', 'HS256', 'HS384', 'HS512', 'RS1', 'toString', null, 7])(
    'with alg %s, even if the list of allowed ones names it',
    async (alg) => {
      const data = `${encoded({ alg, kid: 'k1' })}.${encoded(good)}`;
      const algorithms = [...expected.algorithms, String(alg)];
      for (const signature of ['', 'AA']) {
        expect(await reasonOf(`${data}.${signature}`, { algorithms })).toBe('id_token_algorithm');
      }
    },
  );

  test('with HS256 keyed with the public key, in any of its spellings', async () => {
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    const der = rsa.publicKey.export({ type: 'spki', format: 'der' });
    const { n = '' } = rsa.publicKey.export({ format: 'jwk' });
    const data = `${encoded({ alg: 'HS256', kid: 'k1' })}.${encoded(good)}`;
    const algorithms = [...expected.algorithms, 'HS256'];
    for (const secret of [pem, der, n, Buffer.from(n, 'base64url')]) {
      const mac = createHmac('sha256', secret).update(data).digest('base64url');
      expect(await reasonOf(`${data}.${mac}`, { algorithms })).toBe('id_token_algorithm');
    }
  });

  test('when the upstream does not list it', async () => {
    const jwt = token(good, { alg: 'PS256' });
    expect(await reasonOf(jwt, { algorithms: ['RS256'] })).toBe('id_token_algorithm');
    expect(await reasonOf(jwt, { algorithms: [] })).toBe('id_token_algorithm');
  });
});

describe('an ID token is refused as id_token_key_unknown', () => {
  const cases: readonly (readonly [string, readonly Jwk[]])[] = [
    ['an empty JWKS', []],
    ['another kid', [jwk(rsa, { kid: 'k2' })]],
    ['a key without a kid', [jwk(rsa)]],
    ['a key for encryption', [jwk(rsa, { kid: 'k1', use: 'enc' })]],
    ['a key for another algorithm', [jwk(rsa, { kid: 'k1', alg: 'PS256' })]],
    ['a key that may not verify', [jwk(rsa, { kid: 'k1', key_ops: ['encrypt'] })]],
    ['a key of another type', [jwk(p256, { kid: 'k1' })]],
    ['a key that is damaged', [{ kty: 'RSA', kid: 'k1', n: '', e: '' }]],
  ];
  test.each(cases)('by %s', async (_name, keys) => {
    expect(await reasonOf(token(good), { keys })).toBe('id_token_key_unknown');
  });

  test('by a key on another curve', async () => {
    const jwt = token(good, { alg: 'ES256' }, p256.privateKey);
    expect(await reasonOf(jwt, { keys: [jwk(p384, { kid: 'k1' })] })).toBe('id_token_key_unknown');
  });

  test('by an RSA key that is too short to trust', async () => {
    const jwt = token(good, {}, weakRsa.privateKey);
    expect(await reasonOf(jwt, { keys: [jwk(weakRsa, { kid: 'k1' })] })).toBe(
      'id_token_key_unknown',
    );
  });

  test('though it brings its own key along (jwk, jku, x5c)', async () => {
    const header = { kid: 'mine', jwk: jwk(otherRsa), jku: 'https://evil.example/jwks' };
    expect(await reasonOf(token(good, header, otherRsa.privateKey))).toBe('id_token_key_unknown');
    const known = { ...header, kid: 'k1' };
    expect(await reasonOf(token(good, known, otherRsa.privateKey))).toBe('id_token_signature');
  });
});

describe('an ID token is refused as id_token_signature', () => {
  test('signed with another key', async () => {
    expect(await reasonOf(token(good, {}, otherRsa.privateKey))).toBe('id_token_signature');
  });

  test('with no signature', async () => {
    const [header, payload] = token(good).split('.');
    expect(await reasonOf(`${header}.${payload}.`)).toBe('id_token_signature');
  });

  test('with the claims exchanged, whatever they say', async () => {
    const [header, , signature] = token(good).split('.');
    const forged = `${header}.${encoded({ ...good, sub: 'bob' })}.${signature}`;
    expect(await reasonOf(forged)).toBe('id_token_signature');
  });

  test('before any claim is looked at: a forger learns nothing about the others', async () => {
    const wrong = { iss: 'x', aud: 'y', exp: 0 };
    expect(await reasonOf(token(wrong, {}, otherRsa.privateKey))).toBe('id_token_signature');
  });

  test('with an all-zero ECDSA signature', async () => {
    const data = `${encoded({ alg: 'ES256', kid: 'k1' })}.${encoded(good)}`;
    const jwt = `${data}.${Buffer.alloc(64).toString('base64url')}`;
    expect(await reasonOf(jwt, { keys: [jwk(p256, { kid: 'k1' })] })).toBe('id_token_signature');
  });

  test('signed as PS256 and named RS256', async () => {
    const jwt = handMadeJws({ alg: 'RS256', kid: 'k1' }, good, rsa.privateKey, 'PS256');
    expect(await reasonOf(jwt)).toBe('id_token_signature');
  });

  test('with any one bit changed', async () => {
    const jwt = token(good);
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    await fc.assert(
      fc.asyncProperty(fc.nat(255), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(signature, 'base64url');
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const forged = `${header}.${payload}.${bytes.toString('base64url')}`;
        expect(await reasonOf(forged)).toBe('id_token_signature');
      }),
    );
  });
});

describe('a signed ID token is refused', () => {
  const refused: readonly (readonly [string, string, object])[] = [
    ['id_token_issuer', 'of another issuer', { iss: 'https://evil.example' }],
    ['id_token_issuer', 'of the issuer with a slash', { iss: 'https://legacy.example/' }],
    ['id_token_issuer', 'of the issuer in capitals', { iss: 'https://LEGACY.example' }],
    ['id_token_issuer', 'of a list of issuers', { iss: ['https://legacy.example'] }],
    ['id_token_issuer', 'without an issuer', { iss: undefined }],
    ['id_token_audience', 'for another client', { aud: 'other' }],
    ['id_token_audience', 'for a client in other case', { aud: 'Client' }],
    ['id_token_audience', 'without an audience', { aud: undefined }],
    ['id_token_audience', 'for nobody', { aud: [] }],
    ['id_token_audience', 'for others', { aud: ['a', 'b'] }],
    ['id_token_audience', 'for more than text', { aud: ['client', 1], azp: 'client' }],
    ['id_token_audience', 'for an object', { aud: { client: true } }],
    ['id_token_audience', 'for several, with no azp', { aud: ['client', 'other'] }],
    ['id_token_audience', 'for several, another azp', { aud: ['client', 'b'], azp: 'b' }],
    ['id_token_audience', 'for us, another azp', { azp: 'other' }],
    ['id_token_audience', 'for us, an azp that is null', { azp: null }],
    ['id_token_expired', 'after its time', { exp: seconds }],
    ['id_token_not_yet_valid', 'before its nbf', { nbf: seconds + 31 }],
    ['id_token_not_yet_valid', 'issued in the future', { iat: seconds + 31 }],
    ['id_token_nonce', 'with another nonce', { nonce: 'another' }],
    ['id_token_nonce', 'without our nonce', { nonce: undefined }],
    ['id_token_nonce', 'with a list of nonces', { nonce: ['our-nonce'] }],
    ['subject_missing', 'without a subject', { sub: undefined }],
    ['subject_missing', 'with an empty subject', { sub: '' }],
    ['subject_missing', 'with a number for a subject', { sub: 12345 }],
    ['subject_missing', 'with null for a subject', { sub: null }],
    ['subject_missing', 'with a list for a subject', { sub: ['alice'] }],
    ['subject_too_long', 'with a subject of 256 bytes', { sub: 'a'.repeat(256) }],
    ['subject_too_long', 'with 128 letters of two bytes', { sub: 'é'.repeat(128) }],
  ];
  test.each(refused)('as %s: %s', async (reason, _name, claims) => {
    expect(await reasonOf(token({ ...good, ...claims }))).toBe(reason);
  });

  test.each([
    ['an audience in a list', { aud: ['client'] }],
    ['several audiences and our azp', { aud: ['x', 'client'], azp: 'client' }],
    ['an azp of ours', { azp: 'client' }],
    ['a clock 30 seconds ahead of ours', { iat: seconds + 30, nbf: seconds + 30 }],
    ['its last second', { exp: seconds + 1 }],
    ['fractions of seconds', { iat: seconds - 0.5, exp: seconds + 0.5 }],
    ['a subject of 255 bytes', { sub: 'a'.repeat(255) }],
  ])('not for %s', async (_name, claims) => {
    expect(await reasonOf(token({ ...good, ...claims }))).toBeUndefined();
  });

  test('with a leeway of its own', async () => {
    const early = token({ ...good, iat: seconds + 1 });
    expect(await reasonOf(early, { leewaySeconds: 0 })).toBe('id_token_not_yet_valid');
    expect(await reasonOf(early, { leewaySeconds: 2 })).toBeUndefined();
  });

  test('with the first reason that applies', async () => {
    const wrong = { ...good, iss: 'x', aud: 'y', exp: 0, nonce: 'z', sub: '' };
    expect(await reasonOf(token(wrong))).toBe('id_token_issuer');
    expect(await reasonOf(token({ ...wrong, iss: good.iss }))).toBe('id_token_audience');
  });

  test('never with what it says beside the reason', async () => {
    const jwt = token({ ...good, sub: 'x'.repeat(300), email: 'alice@legacy.example' });
    expect(JSON.stringify(await verifyIdToken(jwt, expected))).not.toMatch(/xxx|alice/);
  });
});

describe('at_hash', () => {
  const accessToken = 'the-access-token';

  test.each(Object.entries(pairs))('holds for %s', async (alg, pair) => {
    const at_hash = tokenHash(accessToken, alg as 'RS256');
    const jwt = token({ ...good, at_hash }, { alg }, pair.privateKey);
    const keys = [jwk(pair, { kid: 'k1' })];
    expect(await reasonOf(jwt, { keys, accessToken })).toBeUndefined();
    expect(await reasonOf(jwt, { keys, accessToken: 'other' })).toBe('id_token_hash');
  });

  test('may be absent, and needs an access token to be judged', async () => {
    expect(await reasonOf(token(good), { accessToken })).toBeUndefined();
    expect(await reasonOf(token({ ...good, at_hash: 'x' }))).toBeUndefined();
  });

  test.each([null, 1, '', ['x']])('is not %j', async (at_hash) => {
    expect(await reasonOf(token({ ...good, at_hash }), { accessToken })).toBe('id_token_hash');
  });
});

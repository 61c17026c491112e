import {
  createCipheriv,
  createSecretKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';

import { encoded, handMadeJws } from './hand-made-jws.ts';

/** A JWT as it should be, and what is needed to make it otherwise. */
export interface GoodJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What verifies it. */
  readonly publicKey: KeyObject;
  /** What signs it, where the attacker is somebody who has it. */
  readonly privateKey: KeyObject | undefined;
  /** What the proxy publishes, to which an attacker could encrypt. */
  readonly proxyKey: KeyObject;
  /** Where the attacker publishes keys and certificates. */
  readonly attackerUrl: string;
}

/** An attack: what makes the JWT. */
export interface JwtAttack {
  readonly name: string;
  /** `stranger`: signed with a key of the attacker's. `signer`: signed as it should be. */
  readonly by: 'anybody' | 'stranger' | 'signer';
  readonly make: (good: GoodJwt) => string;
}

const STRANGER = generateKeyPairSync('rsa', { modulusLength: 2048 });
const strangerJwk = STRANGER.publicKey.export({ format: 'jwk' });

const KIDS: readonly (readonly [string, unknown])[] = [
  ['a path', '../../../../../../dev/null'],
  ['SQL', "x' OR 1=1 -- "],
  ['an address', 'http://127.0.0.1:1/jwks.json'],
  ['a shell command', '|/usr/bin/id'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['a list', ['a']],
  ['an object', { toString: 'a' }],
  ['a number', 0],
  ['null', null],
  ['nothing', ''],
  ['ten thousand letters', 'k'.repeat(10_000)],
];

const signed = (good: GoodJwt, header: object, claims: unknown = good.claims): string =>
  handMadeJws({ ...good.header, ...header }, claims, need(good.privateKey));
const strange = (good: GoodJwt, header: object): string =>
  handMadeJws({ ...good.header, alg: 'RS256', ...header }, good.claims, STRANGER.privateKey);
const hs256 = (good: GoodJwt, secret: string | Buffer, header: object = {}): string =>
  handMadeJws(
    { ...good.header, alg: 'HS256', ...header },
    good.claims,
    createSecretKey(Buffer.from(secret)),
  );
const spki = { type: 'spki' } as const;

/** What JWT libraries have been fooled, filled or felled by (RFC 8725, RFC 7515 10). */
export const JWT_ATTACKS: readonly JwtAttack[] = [
  ...['none', 'None', 'nOnE', ''].map((alg): JwtAttack => {
    const make = (good: GoodJwt) => `${encoded({ ...good.header, alg })}.${encoded(good.claims)}.`;
    return { name: `alg ${alg || 'of no letters'}`, by: 'anybody', make };
  }),
  anybody('HS256 keyed with the public key as PEM', (good) =>
    hs256(good, good.publicKey.export({ ...spki, format: 'pem' })),
  ),
  anybody('HS256 keyed with the public key as PEM, less its last line break', (good) =>
    hs256(
      good,
      good.publicKey
        .export({ ...spki, format: 'pem' })
        .toString()
        .trim(),
    ),
  ),
  anybody('HS256 keyed with the public key as DER', (good) =>
    hs256(good, good.publicKey.export({ ...spki, format: 'der' })),
  ),
  anybody('HS256 keyed with the public key as JWK', (good) =>
    hs256(good, JSON.stringify(good.publicKey.export({ format: 'jwk' }))),
  ),
  anybody('HS256 keyed with the empty file that kid names', (good) =>
    hs256(good, Buffer.alloc(1), { kid: '/dev/null' }),
  ),
  ...KIDS.map(([name, kid]): JwtAttack => ({
    ...{ name: `a strange key and a kid that is ${name}`, by: 'stranger' },
    make: (good) => strange(good, { kid }),
  })),
  stranger('a strange key and the kid of the right one', () => ({})),
  stranger('its own key beside it (jwk)', () => ({ jwk: strangerJwk })),
  stranger('its own key and no kid (jwk)', () => ({ jwk: strangerJwk, kid: undefined })),
  stranger('the address of its own keys (jku)', (url) => ({ jku: `${url}/jwks`, kid: 'x' })),
  stranger('the address of its own certificate (x5u)', (url) => ({ x5u: `${url}/x5u` })),
  stranger('a certificate beside it (x5c)', () => ({
    x5c: [STRANGER.publicKey.export({ ...spki, format: 'der' }).toString('base64')],
  })),
  ...[['exp'], ['b64'], ['http://example.com/unheard-of'], [], 'exp', null].map(
    (crit): JwtAttack => ({
      ...{ name: `crit ${JSON.stringify(crit)}`, by: 'signer' },
      make: (good) => signed(good, { crit, b64: false, 'http://example.com/unheard-of': true }),
    }),
  ),
  signer('a payload that is compressed (zip)', (good) =>
    signed(good, { zip: 'DEF' }, deflateRawSync(JSON.stringify(good.claims))),
  ),
  signer('a payload that is a compression bomb', (good) =>
    signed(good, { zip: 'DEF' }, deflateRawSync(Buffer.alloc(10_000_000, ' '))),
  ),
  signer('a payload 100,000 levels deep', (good) => signed(good, {}, '{"a":'.repeat(100_000))),
  signer('a payload 1,000 levels deep, and complete', (good) =>
    signed(good, {}, `${'{"a":'.repeat(1000)}0${'}'.repeat(1000)}`),
  ),
  signer('all claims in __proto__', (good) =>
    signed(good, {}, `{"__proto__":${JSON.stringify(good.claims)}}`),
  ),
  signer('all claims in constructor.prototype', (good) =>
    signed(good, {}, { constructor: { prototype: good.claims } }),
  ),
  signer('claims that are a list', (good) => signed(good, {}, [good.claims])),
  signer('claims that are text', (good) => signed(good, {}, JSON.stringify('sub'))),
  anybody('a header 2,000 levels deep', () => {
    return `${encoded(`{"alg":${'['.repeat(2000)}${']'.repeat(2000)}}`)}.e30.AA`;
  }),
  anybody('its header in __proto__', (good) => {
    return `${encoded(`{"__proto__":${JSON.stringify(good.header)}}`)}.${encoded(good.claims)}.AA`;
  }),
  anybody('a JWE with an unsigned JWT inside', (good) =>
    jwe(good.proxyKey, `${encoded({ alg: 'none' })}.${encoded(good.claims)}.`),
  ),
  anybody('a JWE with the bare claims inside', (good) =>
    jwe(good.proxyKey, JSON.stringify(good.claims)),
  ),
  anybody('a JWE that is a compression bomb', (good) =>
    jwe(good.proxyKey, deflateRawSync(Buffer.alloc(10_000_000)), { zip: 'DEF' }),
  ),
  anybody('a JWE keyed with a password, two thousand million times hashed', () => {
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 - 1, p2s: 'AAAA' };
    return `${encoded(header)}.AAAA.AAAA.AAAA.AAAA`;
  }),
  signer('the signed JWT as a JWE', (good) => jwe(good.proxyKey, signed(good, {}), { cty: 'JWT' })),
  signer('the signed JWT in JSON form', (good) => {
    const [header, payload, signature] = signed(good, {}).split('.');
    return JSON.stringify({ payload, signatures: [{ protected: header, signature }] });
  }),
  signer('the signed JWT without its signature', (good) => signed(good, {}).replace(/[^.]*$/, '')),
];

function anybody(name: string, make: JwtAttack['make']): JwtAttack {
  return { name, by: 'anybody', make };
}

function signer(name: string, make: JwtAttack['make']): JwtAttack {
  return { name, by: 'signer', make };
}

function stranger(name: string, header: (attackerUrl: string) => object): JwtAttack {
  return { name, by: 'stranger', make: (good) => strange(good, header(good.attackerUrl)) };
}

/** A JWE in compact form (RFC 7516) to an RSA key. */
function jwe(key: KeyObject, plaintext: string | Buffer, more: object = {}): string {
  const header = encoded({ alg: 'RSA-OAEP', enc: 'A256GCM', ...more });
  const contentKey = randomBytes(32);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const parts = [publicEncrypt(key, contentKey), iv, ciphertext, cipher.getAuthTag()];
  return [header, ...parts.map((part) => part.toString('base64url'))].join('.');
}

function need(key: KeyObject | undefined): KeyObject {
  if (key === undefined) throw new Error('this attack is by whoever has the key');
  return key;
}

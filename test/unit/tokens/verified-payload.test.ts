import { constants, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { CompactSign, importJWK } from 'jose';
import type { CryptoKey } from 'jose';
import { describe, expect, it } from 'vitest';

import { verifiedPayload } from '../../../src/tokens/verified-payload.ts';

/*
 * A signature that holds is believed only where it is of the algorithm that was asked for, by the
 * one kind of key of that algorithm (RFC 8725 3.1): node:crypto itself would take any kind of key.
 */

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ED = generateKeyPairSync('ed25519');
const PAYLOAD = Buffer.from('{"sub":"alice"}');

async function publicKey({ publicKey: key }: { publicKey: KeyObject }, alg: string) {
  return (await importJWK(key.export({ format: 'jwk' }), alg)) as CryptoKey;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A JWS whose header says what it likes, with a signature as node:crypto makes it. */
function forged(header: object, key: Parameters<typeof sign>[2]): string {
  const input = `${encoded(header)}.${PAYLOAD.toString('base64url')}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

const JOSE = { dsaEncoding: 'ieee-p1363' } as const;
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const;

describe('a signature', () => {
  it.each([
    ['RS256', RSA],
    ['PS256', RSA],
    ['ES256', P256],
    ['ES384', P384],
    ['EdDSA', ED],
  ])('of %s by its key is believed', async (alg, pair) => {
    const jws = await new CompactSign(PAYLOAD).setProtectedHeader({ alg }).sign(pair.privateKey);
    const found = await verifiedPayload(jws, [await publicKey(pair, alg)], alg);
    expect(found && Buffer.from(found).toString()).toBe(PAYLOAD.toString());
  });

  const key = P256.privateKey;
  it.each<[string, string, () => string, { publicKey: KeyObject }, string]>([
    ['by an elliptic curve', 'RS256', () => forged({ alg: 'RS256' }, key), P256, 'ES256'],
    ['by RSA', 'ES256', () => forged({ alg: 'ES256' }, RSA.privateKey), RSA, 'RS256'],
    [
      'with PSS',
      'RS256',
      () => forged({ alg: 'RS256' }, { key: RSA.privateKey, ...PSS }),
      ...([RSA, 'RS256'] as const),
    ],
    ['in DER', 'ES256', () => forged({ alg: 'ES256' }, key), P256, 'ES256'],
    [
      'by another curve',
      'ES256',
      () => forged({ alg: 'ES256' }, { key: P384.privateKey, ...JOSE }),
      ...([P384, 'ES384'] as const),
    ],
    [
      'under a header that names another algorithm',
      'ES256',
      () => forged({ alg: 'RS256' }, { key, ...JOSE }),
      ...([P256, 'ES256'] as const),
    ],
    [
      'under a header with something critical',
      'ES256',
      () => forged({ alg: 'ES256', crit: ['b64'], b64: false }, { key, ...JOSE }),
      ...([P256, 'ES256'] as const),
    ],
  ])('%s is not one of %s', async (_how, alg, make, pair, kind) => {
    expect(await verifiedPayload(make(), [await publicKey(pair, kind)], alg)).toBeUndefined();
  });
});

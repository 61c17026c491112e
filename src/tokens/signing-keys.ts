import { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { failure, success, type Result } from '../result.ts';
import { algorithmFacts, type SigningAlgorithm } from './algorithms.ts';

/** A new key pair as JSON Web Keys (RFC 7517). */
export interface GeneratedKey {
  /** The thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly publicJwk: object;
  readonly privateJwk: object;
  readonly createdAt: Date;
}

/** A key that is ready to sign. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: KeyObject;
}

/** The members of a key that may be published, by type (RFC 7518 section 6, RFC 8037). */
const PUBLIC_MEMBERS = {
  RSA: ['kty', 'n', 'e'],
  EC: ['kty', 'crv', 'x', 'y'],
  OKP: ['kty', 'crv', 'x'],
} as const;

/** A fresh key pair; RSA keys have 2048 bits. */
export async function generateSigningKey(alg: SigningAlgorithm, now: Date): Promise<GeneratedKey> {
  const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const privateJwk = await exportJWK(pair.privateKey);
  const publicJwk = publicMembers(alg, privateJwk);
  const kid = await calculateJwkThumbprint(publicJwk, 'sha256');
  return { kid, alg, publicJwk, privateJwk, createdAt: now };
}

/**
 * Makes a stored key ready to sign.
 *
 * @returns `key_unavailable` for a key that is no private key of its algorithm, or not the one
 *   that its key id is the thumbprint of
 */
export async function importSigningKey(row: {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateJwk: object;
}): Promise<Result<SigningKey>> {
  const { kid, alg } = row;
  const { kty, crv } = algorithmFacts(alg);
  const jwk = row.privateJwk as JWK;
  if (jwk.kty !== kty || (crv !== undefined && jwk.crv !== crv) || typeof jwk.d !== 'string') {
    return failure('key_unavailable', `key ${kid} is no private ${alg} key`);
  }
  try {
    const thumbprint = await calculateJwkThumbprint(publicMembers(alg, jwk), 'sha256');
    if (thumbprint !== kid) return failure('key_unavailable', `key ${kid} is another than stored`);
    const imported = await importJWK({ ...jwk, kty, ext: true }, alg);
    return success({ kid, alg, privateKey: KeyObject.from(imported) });
  } catch {
    return failure('key_unavailable', `key ${kid} cannot be imported`);
  }
}

/** A JWKS (RFC 7517 section 5): public members alone, whatever the rows hold. */
export function publicJwks(
  keys: readonly {
    readonly kid: string;
    readonly alg: SigningAlgorithm;
    readonly publicJwk: object;
  }[],
): { readonly keys: readonly Readonly<Record<string, unknown>>[] } {
  return {
    keys: keys.map(({ kid, alg, publicJwk }) => ({
      ...publicMembers(alg, publicJwk),
      use: 'sig',
      alg,
      kid,
    })),
  };
}

function publicMembers(alg: SigningAlgorithm, jwk: object): Record<string, unknown> {
  const members = new Map<string, unknown>(Object.entries(jwk));
  return Object.fromEntries(
    PUBLIC_MEMBERS[algorithmFacts(alg).kty].map((name) => [name, members.get(name)]),
  );
}

import { importJWK, type CryptoKey, type JWK } from 'jose';
import { algorithmFacts, type SignatureAlgorithm } from './algorithms.ts';

/** A public key as a JWKS publishes it (RFC 7517). */
export interface Jwk {
  readonly kty?: string;
  readonly kid?: string;
  readonly use?: string;
  readonly alg?: string;
  readonly key_ops?: readonly string[];
  readonly crv?: string;
  readonly n?: string;
  readonly e?: string;
  readonly x?: string;
  readonly y?: string;
}

const SMALLEST_RSA_BITS = 2048;

/** Imported keys, for as long as the JWKS they came with is in use. */
const imported = new WeakMap<Jwk, Map<SignatureAlgorithm, Promise<CryptoKey | undefined>>>();

/**
 * The keys of a JWKS that can verify a signature: of the named `kid` where the
 * token names one, of the right type and curve, and not meant for another
 * algorithm or use (RFC 7517 section 4). Keys that cannot be imported are left out.
 */
export async function verificationKeys(
  keys: readonly Jwk[],
  algorithm: SignatureAlgorithm,
  kid: string | undefined,
): Promise<readonly CryptoKey[]> {
  const fitting = keys.filter(
    (key) => (kid === undefined || key.kid === kid) && fits(key, algorithm),
  );
  const usable = await Promise.all(fitting.map((key) => importOnce(key, algorithm)));
  return usable.filter((key) => key !== undefined);
}

function fits(key: Jwk, algorithm: SignatureAlgorithm): boolean {
  const { kty, crv } = algorithmFacts(algorithm);
  if (key.kty !== kty || (crv !== undefined && key.crv !== crv)) return false;
  if (key.use !== undefined && key.use !== 'sig') return false;
  if (key.alg !== undefined && key.alg !== algorithm) return false;
  return key.key_ops === undefined || key.key_ops.includes('verify');
}

function importOnce(key: Jwk, algorithm: SignatureAlgorithm): Promise<CryptoKey | undefined> {
  const byAlgorithm =
    imported.get(key) ?? new Map<SignatureAlgorithm, Promise<CryptoKey | undefined>>();
  imported.set(key, byAlgorithm);
  const known = byAlgorithm.get(algorithm);
  if (known !== undefined) return known;
  const importing = importPublic(key, algorithm);
  byAlgorithm.set(algorithm, importing);
  return importing;
}

/** Only public members are read, so that a JWKS which leaks private ones works alike. */
async function importPublic(
  { crv, n, e, x, y }: Jwk,
  algorithm: SignatureAlgorithm,
): Promise<CryptoKey | undefined> {
  try {
    const { kty } = algorithmFacts(algorithm);
    const members = { kty, crv, n, e, x, y } as JWK & { kty: typeof kty };
    const key = await importJWK(members, algorithm);
    const bits = (key.algorithm as { modulusLength?: number }).modulusLength;
    return bits !== undefined && bits < SMALLEST_RSA_BITS ? undefined : key;
  } catch {
    return undefined;
  }
}

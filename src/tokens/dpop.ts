import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import { jwsParts } from './base64url.ts';

/** The algorithms that a proof may be signed with: asymmetric ones only (RFC 9449 4.3). */
export const DPOP_ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
  ...['Ed25519', 'EdDSA'],
] as const;

/** What a proof must be about. */
export interface DpopExpectation {
  readonly method: string;
  /** The endpoint as vendors know it; its query and fragment do not count. */
  readonly address: string;
  /** The access token that comes with the proof; undefined where none does. */
  readonly accessToken: string | undefined;
  readonly now: Date;
  /** Until when a nonce is accepted; undefined: it is none of ours, or too old. */
  readonly nonceEnd: (nonce: string) => Date | undefined;
  /** Whether a proof may lack a nonce. */
  readonly nonce: 'required' | 'optional';
}

/** What a good proof says. */
export interface DpopProof {
  /** The SHA-256 thumbprint (RFC 7638) of the key; 43 characters of base64url. */
  readonly jkt: string;
  readonly jti: string;
  /** From then on the proof is refused for its age. */
  readonly expiresAt: Date;
}

/** By how many seconds a proof without our nonce may be older or newer than our clock. */
const WINDOW_SECONDS = 60;

/** In characters; an RSA key of 4096 bits makes about 1900. */
const MAX_LENGTH = 8192;

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/**
 * Checks a DPoP proof (RFC 9449 4.3), all but whether its `jti` was used before.
 *
 * @returns `dpop_nonce_required` where a fresh nonce of ours would help, else `dpop_proof_invalid`
 */
export async function checkDpopProof(
  proof: string,
  expected: DpopExpectation,
): Promise<Result<DpopProof>> {
  if (proof.length > MAX_LENGTH) return invalid('is too long');
  const verified = await verifySignature(proof, expected.now);
  if (verified === undefined) return invalid('is no signed proof with a public key of its own');
  const { jwk, claims } = verified;
  if (typeof claims.jti !== 'string' || claims.jti === '') return invalid('has no jti');
  if (claims['htm'] !== expected.method) return invalid('htm is another method');
  if (!isSameAddress(claims['htu'], expected.address)) return invalid('htu is another address');
  if (expected.accessToken !== undefined && claims['ath'] !== hashOf(expected.accessToken)) {
    return invalid('ath is not of the access token');
  }
  const age = endOf(claims, expected);
  if (!age.ok) return age;
  const jkt = await calculateJwkThumbprint(jwk, 'sha256');
  return success({ jkt, jti: claims.jti, expiresAt: age.value });
}

function invalid(why: string): Result<never> {
  return failure('dpop_proof_invalid', why);
}

async function verifySignature(
  proof: string,
  now: Date,
): Promise<{ jwk: JWK; claims: JWTPayload } | undefined> {
  if (jwsParts(proof) === undefined) return undefined;
  try {
    const { alg, jwk } = decodeProtectedHeader(proof);
    if (alg === undefined || jwk === undefined || !isPublicKey(jwk)) return undefined;
    const key = await importJWK(jwk, alg);
    const options = { algorithms: [...DPOP_ALGORITHMS], typ: 'dpop+jwt', currentDate: now };
    const { payload } = await jwtVerify(proof, key, options);
    return { jwk, claims: payload };
  } catch {
    // Whatever a stranger may write into a proof, it is then none.
    return undefined;
  }
}

/** A private or symmetric key in a proof would be known to whoever sees it. */
function isPublicKey(jwk: JWK): boolean {
  return jwk.kty !== 'oct' && !PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member));
}

/** RFC 9449 4.3: compared without query and fragment, after normalisation (RFC 3986 6.2.2, 6.2.3). */
function isSameAddress(htu: unknown, address: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false;
  return normalised(htu) === normalised(address);
}

function normalised(address: string): string {
  const url = new URL(address);
  url.search = '';
  url.hash = '';
  // Only unreserved characters may be written either way.
  return url.href.replaceAll(/%[0-9a-f]{2}/gi, (octet) => {
    const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : octet.toUpperCase();
  });
}

function hashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken, 'ascii').digest('base64url');
}

/**
 * The creation time by our nonce where there is one, so that a device with a
 * wrong clock works too, else by `iat` (RFC 9449 4.3, 11.1).
 */
function endOf(claims: JWTPayload, expected: DpopExpectation): Result<Date> {
  if (typeof claims.iat !== 'number') return invalid('has no iat');
  const { nonce } = claims;
  if (nonce !== undefined) {
    const end = typeof nonce === 'string' ? expected.nonceEnd(nonce) : undefined;
    return end === undefined ? failure('dpop_nonce_required', 'not a fresh nonce') : success(end);
  }
  if (expected.nonce === 'required') return failure('dpop_nonce_required', 'no nonce');
  const now = expected.now.getTime() / 1000;
  if (Math.abs(now - claims.iat) > WINDOW_SECONDS) return invalid('iat is not now');
  return success(new Date((claims.iat + WINDOW_SECONDS + 1) * 1000));
}

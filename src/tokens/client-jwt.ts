import { compactVerify, errors, type CryptoKey } from 'jose';
import { failure, success, type Result } from '../result.ts';
import type { ClientKey } from '../vendors/client-keys.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';

type Members = Readonly<Record<string, unknown>>;

/** A JWS in compact form that a client made, read but not believed. */
export interface SignedJwt {
  readonly compact: string;
  readonly header: Members;
  readonly claims: Members;
}

/** How far a client's clock may differ, in seconds. */
const LEEWAY_SECONDS = 30;
/** How far ahead an expiry may lie, in seconds: the longer, the longer a stolen one is good. */
const LONGEST_LIFETIME_SECONDS = 3600;
const LONGEST_JWT = 32 * 1024;

/** Reads a compact JWS whose payload is a JSON object; undefined: it is none. */
export function readClientJwt(compact: string): SignedJwt | undefined {
  if (compact.length > LONGEST_JWT) return undefined;
  const segments = compact.split('.').map(decodeBase64url);
  const [header, payload, signature] = segments;
  if (segments.length !== 3 || header === undefined || payload === undefined) return undefined;
  if (signature === undefined) return undefined;
  const read = { header: jsonObject(header), claims: jsonObject(payload) };
  if (read.header === undefined || read.claims === undefined) return undefined;
  // Nothing that is declared critical is understood (RFC 7515 4.1.11).
  if (Object.hasOwn(read.header, 'crit')) return undefined;
  return { compact, header: read.header, claims: read.claims };
}

/**
 * The claims of a JWT whose signature holds: by one of the client's keys, or by
 * its secret. Which of the two is never up to the JWT (RFC 8725 3.1).
 *
 * @returns `client_assertion_key_unknown` where no key fits, else `client_assertion_invalid`
 */
export async function verifiedClaims(
  { compact, header, claims }: SignedJwt,
  by: { readonly keys: readonly ClientKey[] } | { readonly secret: string },
): Promise<Result<Members>> {
  const { alg, kid } = header;
  if (typeof alg !== 'string') return failure('client_assertion_invalid', 'no algorithm');
  if ('secret' in by) {
    const key = Buffer.from(by.secret, 'utf8');
    const holds = await verifies(compact, key, alg);
    return holds ? success(claims) : failure('client_assertion_invalid', 'the secret differs');
  }
  const algorithm = algorithmNamed(alg);
  if (!isSignatureAlgorithm(algorithm)) {
    return failure('client_assertion_invalid', 'signed with an algorithm that is not allowed');
  }
  if (kid !== undefined && typeof kid !== 'string') {
    return failure('client_assertion_invalid', 'kid is not a text');
  }
  const keys = await verificationKeys(by.keys as readonly Jwk[], algorithm, kid);
  if (keys.length === 0) {
    return failure('client_assertion_key_unknown', `no ${alg} key of the client fits`);
  }
  for (const key of keys) if (await verifies(compact, key, alg)) return success(claims);
  return failure('client_assertion_invalid', 'the signature does not hold');
}

/** RFC 9864 2.2 gives EdDSA over Ed25519 a name of its own, which libraries begin to use. */
export function algorithmNamed(alg: unknown): unknown {
  return alg === 'Ed25519' ? 'EdDSA' : alg;
}

async function verifies(
  compact: string,
  key: CryptoKey | Uint8Array,
  algorithm: string,
): Promise<boolean> {
  try {
    await compactVerify(compact, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}

/**
 * What is wrong with an audience; undefined: we alone are meant. One that names
 * others too could be played on to us by them.
 */
export function audienceProblem(aud: unknown, ours: readonly string[]): string | undefined {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (named.length === 0) return 'aud is empty';
  const foreign = named.some((one) => typeof one !== 'string' || !ours.includes(one));
  return foreign ? 'aud is not our issuer or endpoint, or names others too' : undefined;
}

/** What is wrong with the times of a JWT: `exp` is required and near, `iat` and `nbf` are past. */
export function timeProblem(
  { exp, iat, nbf }: Members,
  now: Date,
): { readonly kind: 'expired' | 'wrong'; readonly detail: string } | undefined {
  const seconds = now.getTime() / 1000;
  if (!isSeconds(exp)) return { kind: 'wrong', detail: 'exp is not a number' };
  if (seconds >= exp + LEEWAY_SECONDS) return { kind: 'expired', detail: 'exp is past' };
  if (exp > seconds + LONGEST_LIFETIME_SECONDS + LEEWAY_SECONDS) {
    return { kind: 'wrong', detail: 'exp lies too far ahead' };
  }
  for (const [name, value] of Object.entries({ iat, nbf })) {
    if (value === undefined) continue;
    if (!isSeconds(value)) return { kind: 'wrong', detail: `${name} is not a number` };
    if (value > seconds + LEEWAY_SECONDS) return { kind: 'wrong', detail: `${name} lies ahead` };
  }
  return undefined;
}

function jsonObject(bytes: Uint8Array): Members | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

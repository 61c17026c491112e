import type { CryptoKey } from 'jose';
import { failure, success, type Failure, type Result } from '../result.ts';
import type { ClientKey } from '../vendors/client-keys.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { jsonObject, type Members } from './json-object.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';
import { verifiedPayload } from './verified-payload.ts';

/** A JWS in compact form that a client made, read but not believed. */
interface SignedJwt {
  readonly header: Members;
  readonly claims: Members;
}

/** How far a client's clock may differ, in seconds. */
const LEEWAY_SECONDS = 30;
/** How far ahead an expiry may lie, in seconds: the longer, the longer a stolen one is good. */
const LONGEST_LIFETIME_SECONDS = 3600;
const LONGEST_JWT = 32 * 1024;
const MAC_ALGORITHMS: ReadonlySet<string> = new Set(['HS256', 'HS384', 'HS512']);

/** Reads a compact JWS whose payload is a JSON object; undefined: it is none. */
export function readClientJwt(compact: string): SignedJwt | undefined {
  if (compact.length > LONGEST_JWT) return undefined;
  const segments = compact.split('.').map(decodeBase64url);
  if (segments.length !== 3 || segments.includes(undefined)) return undefined;
  const [header, claims] = segments.map(jsonObject);
  if (header === undefined || claims === undefined) return undefined;
  // Nothing that is declared critical is understood (RFC 7515 4.1.11).
  return Object.hasOwn(header, 'crit') ? undefined : { header, claims };
}

/** What a JWT of a client must be, before its claims are looked at. */
interface ClientJwtExpectation {
  /** The `typ` that it may be declared as; none is allowed too. */
  readonly types: RegExp;
  /** The algorithm that the client registered; undefined: any that fits. */
  readonly algorithm: string | undefined;
  /** Which of the two is never up to the JWT (RFC 8725 3.1). */
  readonly by: { readonly keys: readonly ClientKey[] } | { readonly secret: string };
}

/**
 * The claims of a JWT whose signature holds: by one of the client's keys, or by its secret.
 *
 * @returns `client_assertion_key_unknown` where no key fits, else `client_assertion_invalid`
 */
export async function verifyClientJwt(
  compact: string,
  { types, algorithm, by }: ClientJwtExpectation,
): Promise<Result<Members>> {
  const read = readClientJwt(compact);
  if (read === undefined) return invalid('not a compact JWS of a JSON object');
  const { typ } = read.header;
  if (typ !== undefined && !(typeof typ === 'string' && types.test(typ))) {
    return invalid('typ is that of another kind of JWT');
  }
  const alg = algorithmNamed(read.header['alg']);
  if (algorithm !== undefined && alg !== algorithm) {
    return invalid('signed with another algorithm than the registered one');
  }
  const keys = 'secret' in by ? secretKey(by.secret, alg) : await publicKeys(by.keys, read);
  if (!keys.ok) return keys;
  const payload = await verifiedPayload(compact, keys.value, String(read.header['alg']));
  return payload === undefined ? invalid('the signature does not hold') : success(read.claims);
}

function secretKey(secret: string, alg: unknown): Result<readonly Uint8Array[]> {
  if (typeof alg !== 'string' || !MAC_ALGORITHMS.has(alg)) {
    return invalid('not signed with the secret');
  }
  return success([Buffer.from(secret, 'utf8')]);
}

async function publicKeys(
  keys: readonly ClientKey[],
  { header: { alg, kid } }: SignedJwt,
): Promise<Result<readonly CryptoKey[]>> {
  const algorithm = algorithmNamed(alg);
  if (!isSignatureAlgorithm(algorithm)) {
    return invalid('signed with an algorithm that is not allowed');
  }
  if (kid !== undefined && typeof kid !== 'string') return invalid('kid is not a text');
  const fitting = await verificationKeys(keys as readonly Jwk[], algorithm, kid);
  return fitting.length === 0
    ? failure('client_assertion_key_unknown', `no ${algorithm} key of the client fits`)
    : success(fitting);
}

/** RFC 9864 2.2 gives EdDSA over Ed25519 a name of its own, which libraries begin to use. */
function algorithmNamed(alg: unknown): unknown {
  return alg === 'Ed25519' ? 'EdDSA' : alg;
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

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function invalid(detail: string): Failure {
  return failure('client_assertion_invalid', detail);
}

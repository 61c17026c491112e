import { compactVerify, errors } from 'jose';
import { failure, success, type Result } from '../result.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';

/** What must hold of a signed userinfo answer of the upstream. */
export interface UserinfoExpectation {
  /** The upstream's JWKS. */
  readonly keys: readonly Jwk[];
  readonly issuer: string;
  /** Our client id at the upstream. */
  readonly clientId: string;
  readonly now: Date;
}

type Claims = Readonly<Record<string, unknown>>;

const LEEWAY_SECONDS = 30;

/**
 * Verifies a userinfo answer that the upstream signed (OpenID Connect Core
 * 5.3.4). `iss` and `aud` should be there; where they are, they must be right.
 * Whether it is about the right user is for the caller to ask.
 *
 * @returns `userinfo_key_unknown` (the JWKS may be stale) or `userinfo_jwt_invalid`
 */
export async function verifyUserinfo(
  jwt: string,
  expected: UserinfoExpectation,
): Promise<Result<Claims>> {
  const header = jsonObject(decodeBase64url(jwt.split('.')[0] ?? ''));
  if (header === undefined) return invalid('not a JWS in compact form');
  const { alg, kid } = header;
  if (!isSignatureAlgorithm(alg)) return invalid('signed with an algorithm that is not allowed');
  if (kid !== undefined && typeof kid !== 'string') return invalid('kid is not a string');
  if (Object.hasOwn(header, 'crit')) return invalid('an extension is declared critical');
  const keys = await verificationKeys(expected.keys, alg, kid);
  if (keys.length === 0) return failure('userinfo_key_unknown', `no usable ${alg} key`);
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(jwt, key, { algorithms: [alg] });
      return checked(jsonObject(payload), expected);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return invalid('the signature does not hold');
}

function checked(claims: Claims | undefined, expected: UserinfoExpectation): Result<Claims> {
  if (claims === undefined) return invalid('the payload is not a JSON object');
  const { iss, aud, exp } = claims;
  if (iss !== undefined && iss !== expected.issuer) return invalid('another issuer');
  if (aud !== undefined && ![aud].flat().includes(expected.clientId)) {
    return invalid('another audience');
  }
  if (exp !== undefined) {
    const isOver = typeof exp !== 'number' || expected.now.getTime() / 1000 >= exp + LEEWAY_SECONDS;
    if (isOver) return invalid('expired');
  }
  return success(claims);
}

function jsonObject(bytes: Uint8Array | undefined): Claims | undefined {
  if (bytes === undefined) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text, (name: string, member: unknown) =>
      name === '__proto__' ? undefined : member,
    );
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

function invalid(detail: string): Result<never> {
  return failure('userinfo_jwt_invalid', detail);
}

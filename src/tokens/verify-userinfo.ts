import { failure, success, type Result } from '../result.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { jsonObject, type Members } from './json-object.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';
import { verifiedPayload } from './verified-payload.ts';

/** What must hold of a signed userinfo answer of the upstream. */
export interface UserinfoExpectation {
  /** The upstream's JWKS. */
  readonly keys: readonly Jwk[];
  readonly issuer: string;
  /** Our client id at the upstream. */
  readonly clientId: string;
  readonly now: Date;
}

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
): Promise<Result<Members>> {
  const [encodedHeader] = jwt.split('.').map(decodeBase64url);
  const header = jsonObject(encodedHeader);
  if (header === undefined) return invalid('not a JWS in compact form');
  const { alg, kid } = header;
  if (!isSignatureAlgorithm(alg)) return invalid('signed with an algorithm that is not allowed');
  if (kid !== undefined && typeof kid !== 'string') return invalid('kid is not a string');
  if (Object.hasOwn(header, 'crit')) return invalid('an extension is declared critical');
  const keys = await verificationKeys(expected.keys, alg, kid);
  if (keys.length === 0) return failure('userinfo_key_unknown', `no usable ${alg} key`);
  const payload = await verifiedPayload(jwt, keys, alg);
  if (payload === undefined) return invalid('the signature does not hold');
  return checked(jsonObject(payload), expected);
}

function checked(claims: Members | undefined, expected: UserinfoExpectation): Result<Members> {
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

function invalid(detail: string): Result<never> {
  return failure('userinfo_jwt_invalid', detail);
}

import type { Failure, Result } from '../result.ts';
import { failure, success } from '../result.ts';
import type { ReleasedSubject } from '../subjects/released.ts';
import { checkLocalSubject } from '../subjects/local-subject.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { isObject, jsonObject, type Members } from './json-object.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';
import { verifiedPayload } from './verified-payload.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LEEWAY_SECONDS = 30;
/** A token without `exp`, as older drafts allowed it, is good for so many seconds. */
const LIFETIME_SECONDS = 300;
/** No honest logout token is good for longer; its `jti` is remembered until then. */
const LONGEST_LIFETIME_SECONDS = 3600;

/** What a verified logout token of the upstream says. */
export interface VerifiedLogoutToken {
  readonly audience: readonly string[];
  readonly jti: string;
  /** The local subject. */
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** From then on it is not accepted any more. */
  readonly expiresAt: Date;
}

/** What a logout token must be, to be believed. */
export interface LogoutTokenExpectation {
  readonly keys: readonly Jwk[];
  readonly issuer: string;
  readonly algorithms: readonly string[];
  readonly now: Date;
}

/**
 * Verifies a logout token of the upstream (OpenID Connect Back-Channel Logout 2.6), all but
 * whether its audience is known and its `jti` new.
 *
 * @returns `logout_token_invalid`, or `id_token_key_unknown` where the JWKS may be stale
 */
export async function verifyLogoutToken(
  jwt: string,
  expected: LogoutTokenExpectation,
): Promise<Result<VerifiedLogoutToken>> {
  const [encodedHeader] = jwt.split('.').map(decodeBase64url);
  const header = jsonObject(encodedHeader);
  if (header === undefined) return invalid('not a JWS');
  const { alg, kid, typ, crit } = header;
  if (!isSignatureAlgorithm(alg) || !expected.algorithms.includes(alg)) return invalid('alg');
  if (crit !== undefined || (kid !== undefined && typeof kid !== 'string'))
    return invalid('header');
  if (typ !== undefined && !isLogoutType(typ)) return invalid('typ');
  const keys = await verificationKeys(expected.keys, alg, kid);
  if (keys.length === 0) return failure('id_token_key_unknown', 'of a logout token');
  const payload = await verifiedPayload(jwt, keys, alg);
  return payload === undefined ? invalid('signature') : judge(jsonObject(payload), expected);
}

/** An ID token sent here is no logout token, whatever its `typ` (RFC 8725 3.11). */
function isLogoutType(typ: unknown): boolean {
  return typeof typ === 'string' && /^(?:application\/)?(?:jwt|logout\+jwt)$/i.test(typ);
}

function judge(
  claims: Members | undefined,
  expected: LogoutTokenExpectation,
): Result<VerifiedLogoutToken> {
  if (claims === undefined) return invalid('the payload is not a JSON object');
  const { iss, aud, jti, events, sub, sid } = claims;
  if (iss !== expected.issuer) return invalid('iss');
  const audience = typeof aud === 'string' ? [aud] : aud;
  if (!isTexts(audience) || audience.length === 0) return invalid('aud');
  if (typeof jti !== 'string' || jti === '') return invalid('jti');
  if (Object.hasOwn(claims, 'nonce')) return invalid('a nonce: it may be an ID token');
  if (!isObject(events) || !isObject(events[EVENT])) return invalid('events');
  if (sub === undefined && sid === undefined) return invalid('neither sub nor sid');
  if (sub !== undefined && (typeof sub !== 'string' || !checkLocalSubject(sub).ok)) {
    return invalid('sub');
  }
  if (sid !== undefined && (typeof sid !== 'string' || sid === '')) return invalid('sid');
  const expiresAt = endOf(claims, expected.now);
  if (expiresAt === undefined) return invalid('iat or exp');
  return success({ audience, jti, subject: sub, sid, expiresAt });
}

function endOf({ iat, exp, nbf }: Members, now: Date): Date | undefined {
  const seconds = now.getTime() / 1000;
  if (typeof iat !== 'number' || !Number.isFinite(iat) || iat > seconds + LEEWAY_SECONDS) return;
  if (exp !== undefined && (typeof exp !== 'number' || !Number.isFinite(exp))) return;
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= seconds + LEEWAY_SECONDS)) return;
  const end = Math.min(exp ?? iat + LIFETIME_SECONDS, iat + LONGEST_LIFETIME_SECONDS);
  return seconds >= end + LEEWAY_SECONDS ? undefined : new Date((end + LEEWAY_SECONDS) * 1000);
}

/** The claims of a logout token of ours (Back-Channel Logout 2.4), before `events`. */
export interface LogoutTokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** As the grant released it. */
  readonly sub?: ReleasedSubject;
  /** Ours, of the client's sector. */
  readonly sid?: string;
}

/** A logout token for a client. */
export function signLogoutToken(claims: LogoutTokenClaims, key: SigningKey): Promise<string> {
  return signJwt({ ...claims, events: { [EVENT]: {} } }, key, 'logout+jwt');
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function invalid(detail: string): Failure {
  return failure('logout_token_invalid', detail);
}

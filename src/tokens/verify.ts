import { failure, success, type Failure, type Result } from '../result.ts';
import { checkLocalSubject } from '../subjects/local-subject.ts';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { secretsEqual } from './client-secret.ts';
import { tokenHash } from './hashes.ts';
import { jsonObject, type Members } from './json-object.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';
import { verifiedPayload } from './verified-payload.ts';

/** What a verified ID token of the upstream says. */
export interface VerifiedIdToken {
  readonly claims: Members;
  /** The local subject: 1 to 255 bytes of UTF-8. */
  readonly subject: string;
  readonly algorithm: SignatureAlgorithm;
}

/** What an ID token must be, to be believed. */
export interface IdTokenExpectation {
  /** The upstream's JWKS. */
  readonly keys: readonly Jwk[];
  readonly issuer: string;
  /** Our client id at the upstream. */
  readonly clientId: string;
  /** The nonce we sent; undefined where none was, as on a refresh. */
  readonly nonce: string | undefined;
  /** The access token that came along, for `at_hash`. */
  readonly accessToken: string | undefined;
  /** Allowed algorithms; others than those of `algorithms.ts` are never accepted. */
  readonly algorithms: readonly string[];
  readonly now: Date;
  /** How far the upstream's clock may be ahead, in seconds (30). */
  readonly leewaySeconds?: number;
}

const DEFAULT_LEEWAY_SECONDS = 30;

/**
 * Verifies an ID token of the upstream (OpenID Connect Core 3.1.3.7, 12.2; RFC
 * 8725). No claim is looked at before the signature holds, and none is returned
 * unless everything does.
 *
 * @returns the first of these that applies: `id_token_malformed`, `_algorithm`,
 *   `_key_unknown` (no fitting key; the JWKS may be stale), `_signature`, `_issuer`,
 *   `_audience`, `_expired`, `_not_yet_valid`, `_nonce`, `_hash`, `subject_missing`,
 *   `subject_too_long`
 */
export async function verifyIdToken(
  jwt: string,
  expected: IdTokenExpectation,
): Promise<Result<VerifiedIdToken>> {
  const header = readHeader(jwt);
  if (!header.ok) return header;
  const { alg, kid } = header.value;
  if (!isSignatureAlgorithm(alg) || !expected.algorithms.includes(alg)) {
    return failure('id_token_algorithm', 'signed with an algorithm that is not allowed');
  }
  const keys = await verificationKeys(expected.keys, alg, kid);
  if (keys.length === 0) {
    return failure('id_token_key_unknown', `no usable ${alg} key in the JWKS has its kid`);
  }
  const payload = await verifiedPayload(jwt, keys, alg);
  if (payload === undefined) return failure('id_token_signature');
  const claims = jsonObject(payload);
  if (claims === undefined) return malformed('the payload is not a JSON object');
  const problem = checkClaims(claims, expected) ?? checkHash(claims, expected, alg);
  if (problem !== undefined) return problem;
  const subject = readSubject(claims['sub']);
  return subject.ok ? success({ claims, subject: subject.value, algorithm: alg }) : subject;
}

function readHeader(jwt: string): Result<{ alg: unknown; kid: string | undefined }> {
  const segments = jwt.split('.').map(decodeBase64url);
  const [encodedHeader] = segments;
  if (segments.length !== 3 || encodedHeader === undefined || segments.includes(undefined)) {
    return malformed('not a compact JWS');
  }
  const header = jsonObject(encodedHeader);
  if (header === undefined) return malformed('the header is not a JSON object');
  const { alg, kid, typ } = header;
  if (kid !== undefined && typeof kid !== 'string') return malformed('kid is not a string');
  if (Object.hasOwn(header, 'crit')) return malformed('an extension is declared critical');
  if (typ !== undefined && !isIdTokenType(typ)) return malformed('typ is not that of an ID token');
  return success({ alg, kid });
}

/** RFC 8725 3.11: an access token (`at+jwt`) or logout token is not an ID token. */
function isIdTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && /^(application\/)?(jwt|id_token\+jwt)$/i.test(typ);
}

function checkClaims(claims: Members, expected: IdTokenExpectation): Failure | undefined {
  if (claims['iss'] !== expected.issuer) return failure('id_token_issuer');
  if (!isAudience(claims, expected.clientId)) return failure('id_token_audience');
  const times = checkTimes(claims, expected);
  if (times !== undefined) return times;
  if (expected.nonce === undefined) return undefined;
  const { nonce } = claims;
  const same = typeof nonce === 'string' && secretsEqual(nonce, expected.nonce);
  return same ? undefined : failure('id_token_nonce');
}

/** OpenID Connect Core 3.1.3.7, 3 to 5. */
function isAudience({ aud, azp }: Members, clientId: string): boolean {
  if (azp !== undefined && azp !== clientId) return false;
  if (typeof aud === 'string') return aud === clientId;
  if (!Array.isArray(aud) || !aud.every((one) => typeof one === 'string')) return false;
  return aud.includes(clientId) && (aud.length === 1 || azp === clientId);
}

function checkTimes(claims: Members, expected: IdTokenExpectation): Failure | undefined {
  const leeway = expected.leewaySeconds ?? DEFAULT_LEEWAY_SECONDS;
  const now = expected.now.getTime() / 1000;
  const { exp, iat, nbf } = claims;
  if (!isSeconds(exp) || !isSeconds(iat)) return malformed('exp or iat is not a number');
  if (nbf !== undefined && !isSeconds(nbf)) return malformed('nbf is not a number');
  // What we sign ends with it, so that leeway would only yield what is over already.
  if (now >= exp) return failure('id_token_expired');
  if (iat > now + leeway) return failure('id_token_not_yet_valid', 'iat lies ahead');
  if (nbf !== undefined && nbf > now + leeway) {
    return failure('id_token_not_yet_valid', 'nbf lies ahead');
  }
  return undefined;
}

/** `at_hash` binds the access token; optional in the code flow (OpenID Connect Core 3.1.3.6). */
function checkHash(
  claims: Members,
  { accessToken }: IdTokenExpectation,
  algorithm: SignatureAlgorithm,
): Failure | undefined {
  const hash = claims['at_hash'];
  if (hash === undefined || accessToken === undefined) return undefined;
  const same = typeof hash === 'string' && secretsEqual(hash, tokenHash(accessToken, algorithm));
  return same ? undefined : failure('id_token_hash');
}

/** A number is refused: beyond 2^53 two users' numbers would read as one. */
function readSubject(sub: unknown): Result<string> {
  if (typeof sub === 'string') return checkLocalSubject(sub);
  return failure('subject_missing', sub === undefined ? 'no sub' : 'sub is not a string');
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function malformed(detail: string): Failure {
  return failure('id_token_malformed', detail);
}

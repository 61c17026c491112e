import { failure, success, type Result } from '../result.ts';
import type { ReleasedSubject } from '../subjects/released.ts';
import type { Client } from '../vendors/client.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { jsonObject } from './json-object.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';
import { verifiedPayload } from './verified-payload.ts';

declare const clientsOwn: unique symbol;

/** The subject of a token that speaks for no user: the client id that the vendor knows. */
export type ClientSubject = string & { readonly [clientsOwn]: true };

/** RFC 9068 2.2: without a resource owner, the subject is the client. */
export function clientSubject(client: Pick<Client, 'clientId'>): ClientSubject {
  return client.clientId as ClientSubject;
}

/** The claims of an access token of ours as a JWT (RFC 9068 2.2); times in seconds since 1970. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: ReleasedSubject | ClientSubject;
  /** The resources that it is for; one alone stands as text. */
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly scope: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** What only the proxy can open: the upstream's token and the grant. */
  readonly sealed: string;
  /** Authentication information, by the release policy (RFC 9068 2.2.1), and a confirmation. */
  readonly [claim: string]: unknown;
}

const TYPE = 'at+jwt';

/** An access token in compact form, with `typ` at+jwt and the key's `kid` (RFC 9068 2.1). */
export async function signAccessToken(claims: AccessTokenClaims, key: SigningKey): Promise<string> {
  return signJwt(claims, key, TYPE);
}

/** What the proxy reads of an access token of its own. */
export interface VerifiedAccessToken {
  readonly jti: string;
  readonly sealed: string;
  readonly audience: readonly string[];
}

/** Whether a token is meant as a JWT (RFC 7519 3); a seal has five parts, a reference one. */
export function looksLikeJwt(token: string): boolean {
  return token.split('.').length === 3;
}

/**
 * Verifies an access token that this proxy signed (RFC 9068 4, less the
 * audience, which the resource judges). Only `typ` at+jwt will do, so that an
 * ID token, which the same keys sign, is never taken for one (RFC 8725 3.11).
 *
 * @returns `token_invalid`; `token_expired` once its time is over
 */
export async function verifyAccessToken(
  token: string,
  expected: { readonly keys: readonly object[]; readonly issuer: string; readonly now: Date },
): Promise<Result<VerifiedAccessToken>> {
  const [encodedHeader] = token.split('.').map(decodeBase64url);
  const header = jsonObject(encodedHeader);
  const jwk = (expected.keys as readonly Jwk[]).find((key) => key.kid === header?.['kid']);
  const alg = jwk?.alg;
  if (jwk === undefined || header?.['typ'] !== TYPE || Object.hasOwn(header, 'crit')) {
    return invalid('not an at+jwt of ours');
  }
  if (alg !== header['alg'] || !isSignatureAlgorithm(alg)) return invalid('another algorithm');
  const keys = await verificationKeys([jwk], alg, jwk.kid);
  const claims = jsonObject(await verifiedPayload(token, keys, alg));
  if (claims === undefined) return invalid('the signature does not hold');
  const { iss, exp, jti, sealed, aud } = claims;
  if (iss !== expected.issuer) return invalid('another issuer');
  if (typeof exp !== 'number' || typeof jti !== 'string' || typeof sealed !== 'string') {
    return invalid('claims are missing');
  }
  if (expected.now.getTime() >= exp * 1000) return failure('token_expired');
  return success({ jti, sealed, audience: [aud].flat().map(String) });
}

function invalid(detail: string): Result<never> {
  return failure('token_invalid', detail);
}

import { decodeBase64url } from './base64url.ts';
import { isSignatureAlgorithm } from './algorithms.ts';
import { jsonObject, type Members } from './json-object.ts';
import { verificationKeys, type Jwk } from './verification-keys.ts';
import { verifiedPayload } from './verified-payload.ts';

/** What must hold of an ID token that comes back to us as a hint. */
export interface OwnTokenExpectation {
  /** All public keys that may have signed it, retired ones too. */
  readonly keys: readonly object[];
  readonly issuer: string;
  readonly clientId: string;
}

/**
 * The claims of an ID token of ours for a client, however old it is (OpenID
 * Connect Core 3.1.2.1, RP-Initiated Logout 2); undefined: it is not one.
 */
export async function ownIdTokenClaims(
  idToken: string,
  expected: OwnTokenExpectation,
): Promise<Members | undefined> {
  const [header] = partsOf(idToken);
  const jwk = (expected.keys as readonly Jwk[]).find((key) => key.kid === header?.['kid']);
  if (jwk?.alg === undefined || jwk.alg !== header?.['alg'] || !isSignatureAlgorithm(jwk.alg)) {
    return undefined;
  }
  const keys = await verificationKeys([jwk], jwk.alg, jwk.kid);
  const claims = jsonObject(await verifiedPayload(idToken, keys, jwk.alg));
  const isOurs = claims?.['iss'] === expected.issuer && claims['aud'] === expected.clientId;
  return isOurs ? claims : undefined;
}

/** The client that a token claims to be for, unverified: to know whose hint it would be. */
export function claimedAudience(idToken: string): string | undefined {
  const [, claims] = partsOf(idToken);
  const audience = claims?.['aud'];
  return typeof audience === 'string' ? audience : undefined;
}

function partsOf(token: string): readonly (Members | undefined)[] {
  return token.split('.').map((part) => jsonObject(decodeBase64url(part)));
}

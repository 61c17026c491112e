import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';

/** The members of an authorization response, before they are signed (JARM 2.1). */
export interface AuthorizationResponseClaims {
  readonly iss: string;
  readonly aud: string;
  readonly exp: number;
  readonly [member: string]: unknown;
}

/** An authorization response as a signed JWT (JWT Secured Authorization Response Mode 2.2). */
export async function signAuthorizationResponse(
  claims: AuthorizationResponseClaims,
  key: SigningKey,
): Promise<string> {
  return signJwt(claims, key);
}

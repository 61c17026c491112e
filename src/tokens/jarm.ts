import { SignJWT } from 'jose';
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
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey);
}

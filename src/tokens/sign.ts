import type { ReleasedSubject } from '../subjects/released.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';

/** The claims of an ID token of ours (OpenID Connect Core 2); times in seconds since 1970. */
export interface IdTokenClaims {
  readonly iss: string;
  readonly sub: ReleasedSubject;
  readonly aud: string;
  readonly exp: number;
  readonly iat: number;
  readonly nonce?: string;
  readonly at_hash?: string;
  /** What the release policy let through. */
  readonly [claim: string]: unknown;
}

/** An ID token in compact form, with `typ` JWT and the key's `kid`. */
export async function signIdToken(claims: IdTokenClaims, key: SigningKey): Promise<string> {
  return signJwt(claims, key, 'JWT');
}

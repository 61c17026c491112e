import type { ReleasedSubject } from '../subjects/released.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';

/** The claims of a signed userinfo answer (OpenID Connect Core 5.3.2). */
export interface SignedUserinfoClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: ReleasedSubject;
  /** What the release policy let through. */
  readonly [claim: string]: unknown;
}

/** A userinfo answer as a signed JWT; without `typ`, so that none of ours is taken for another kind. */
export async function signUserinfo(claims: SignedUserinfoClaims, key: SigningKey): Promise<string> {
  return signJwt(claims, key);
}

import type { ReleasedSubject } from '../subjects/released.ts';
import type { ClientSubject } from './at-jwt.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';

/** What introspection says of a token (RFC 7662 2.2); times in seconds since 1970. */
export type IntrospectionMembers =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly iss: string;
      readonly exp: number;
      readonly sub?: ReleasedSubject | ClientSubject;
      readonly [member: string]: unknown;
    };

/** A signed introspection answer (RFC 9701 5), before it is signed. */
export interface IntrospectionAnswer {
  readonly iss: string;
  /** The client id of whoever asked. */
  readonly aud: string;
  readonly iat: number;
  readonly token_introspection: IntrospectionMembers;
}

/** An introspection answer in compact form, of the type `token-introspection+jwt`. */
export async function signIntrospection(
  answer: IntrospectionAnswer,
  key: SigningKey,
): Promise<string> {
  return signJwt({ ...answer }, key, 'token-introspection+jwt');
}

import type { ReleasedSubject } from '../subjects/released.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';

/** Who an event is about (RFC 9493 3.2.3): a subject as the receiver was given it. */
export interface IssuerSubject {
  readonly format: 'iss_sub';
  readonly iss: string;
  readonly sub: ReleasedSubject;
}

/** What an event says beside its name. */
export type EventPayload = Readonly<Record<string, string | number | boolean>>;

/**
 * The claims of a Security Event Token (RFC 8417 2.2). Never `sub` nor `exp`, so that
 * nobody takes it for an ID token (4.5, 4.6). Vendors are never told `toe`, for the very instant
 * at which something happened is the same in every sector.
 */
export interface SecurityEventClaims {
  readonly iss: string;
  readonly aud: string;
  /** Of this token, not of the event. */
  readonly iat: number;
  readonly jti: string;
  /** When it happened; for the operator alone. */
  readonly toe?: number;
  readonly sub_id?: IssuerSubject;
  /** By the name of each event. */
  readonly events: Readonly<Record<string, EventPayload>>;
}

/** OpenID RISC Profile 1.0, 2.5. */
const IDENTIFIER_CHANGED = 'https://schemas.openid.net/secevent/risc/event-type/identifier-changed';

/** What is told of a subject that took the place of another. */
export function identifierChanged(
  iss: string,
  { from, to }: { readonly from: ReleasedSubject; readonly to: ReleasedSubject },
): Pick<SecurityEventClaims, 'sub_id' | 'events'> {
  return {
    sub_id: { format: 'iss_sub', iss, sub: from },
    events: { [IDENTIFIER_CHANGED]: { 'new-value': to } },
  };
}

/** A Security Event Token (RFC 8417), explicitly typed (2.3). */
export function signSecurityEvent(claims: SecurityEventClaims, key: SigningKey): Promise<string> {
  return signJwt({ ...claims }, key, 'secevent+jwt');
}

import type { AccessTokenParts, ClientGrant } from './access-token.ts';
import { openAccessToken } from './access-token.ts';
import type { Grant } from './grant.ts';
import { openGrantToken } from './grant.ts';

/** A token of ours that somebody asks about, opened. */
export interface OpenedToken {
  readonly hint: 'access_token' | 'refresh_token';
  readonly clientId: string;
  /** Undefined: it speaks for a client, and for no user. */
  readonly user: Grant | undefined;
  readonly scope: string;
  /** The resources that it is meant for; empty: its own client alone. */
  readonly audience: readonly string[];
  /** The change-log position at which it was given. */
  readonly change: number;
  readonly upstreamToken: string;
  readonly expiresAt: Date;
  /** RFC 9449: the key that it is bound to. */
  readonly jkt: string | undefined;
}

/**
 * Opens an access or refresh token of ours, whichever it is (RFC 7662 2.1,
 * RFC 7009 2.1: the hint is only a hint, and a seal tells what it is).
 * Undefined: not ours, tampered with, or expired.
 *
 * @throws Refusal `database_unavailable` for a token that is kept by reference
 */
export async function openAnyToken(
  parts: AccessTokenParts,
  token: string,
): Promise<OpenedToken | undefined> {
  const access = await openAccessToken(parts, token);
  if (access.ok) {
    const { kind, grant, upstreamToken, expiresAt, audience } = access.value;
    const user = kind === 'user' ? grant : undefined;
    return {
      ...{ hint: 'access_token', user, upstreamToken, expiresAt },
      ...common(grant),
      audience: audience ?? grant.resource,
    };
  }
  const refresh = await openGrantToken(parts.seals, 'refresh_token', token, parts.clock());
  if (!refresh.ok) return undefined;
  const { grant, upstreamToken, expiresAt } = refresh.value;
  return {
    ...{ hint: 'refresh_token', user: grant, upstreamToken, expiresAt },
    ...common(grant),
    audience: [],
  };
}

function common(
  grant: Grant | ClientGrant,
): Pick<OpenedToken, 'clientId' | 'scope' | 'change' | 'jkt'> {
  const { clientId, scope, change, jkt } = grant;
  return { clientId, scope, change, jkt };
}

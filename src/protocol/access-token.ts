import type { Result } from '../result.ts';
import { success } from '../result.ts';
import type { Grant } from './grant.ts';
import { openGrantToken } from './grant.ts';
import type { Seals } from './seals.ts';

/** What opening access tokens of ours works with. */
export interface AccessTokenParts {
  readonly seals: Seals;
  readonly clock: () => Date;
}

/** An access token of ours for a user, opened. */
export interface UserAccessToken {
  readonly kind: 'user';
  readonly grant: Grant;
  readonly upstreamToken: string;
  readonly expiresAt: Date;
}

/** An access token of ours, opened. */
export type AccessToken = UserAccessToken;

/**
 * Opens an access token of ours in whichever form. Whether its grant still
 * stands is for the caller to ask.
 *
 * @returns `token_invalid` or `token_expired`
 */
export async function openAccessToken(
  parts: AccessTokenParts,
  token: string,
): Promise<Result<AccessToken>> {
  const opened = await openGrantToken(parts.seals, 'access_token', token, parts.clock());
  return opened.ok ? success({ kind: 'user', ...opened.value }) : opened;
}

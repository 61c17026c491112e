import type { Client } from '../vendors/client.ts';
import { appendedQuery } from './appended-query.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { BrowserSessionParts } from './logout-grants.ts';
import { grantsOfBrowser } from './logout-grants.ts';
import type { LogoutTransaction } from './logout-transaction.ts';
import type { Reason } from '../errors.ts';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';

/** What the end of a logout is judged with. */
export interface LogoutReturnParts extends BrowserSessionParts {
  readonly clients: { find(clientId: string): Client | undefined };
  readonly binding: BrowserBinding;
  readonly clock: () => Date;
}

/**
 * The upstream is done: the grants of this browser at the client end, and the browser goes
 * to the vendor. Nothing but the vendor's own `state` goes with it, whatever the upstream added.
 *
 * @returns why the browser is not sent on: `client_unknown`, `browser_mismatch`,
 *   `post_logout_redirect_uri_unregistered`, `response_foreign`
 */
export async function finishLogout(
  parts: LogoutReturnParts,
  logout: LogoutTransaction,
  cookieHeader: string | undefined,
): Promise<Result<string>> {
  const client = parts.clients.find(logout.clientId);
  if (client === undefined) return failure('client_unknown');
  const { returnTo } = logout;
  const objection = objectionTo(parts, logout, client, cookieHeader);
  if (objection !== undefined || returnTo === undefined) {
    return failure(objection ?? 'response_foreign', 'the end of a logout');
  }
  const now = parts.clock();
  const begun = await grantsOfBrowser(parts, client, logout.browser, now);
  await parts.grants.end(
    begun.map(({ grantId }) => grantId),
    now,
  );
  return success(returnToVendor(returnTo, logout.state));
}

function objectionTo(
  { binding }: LogoutReturnParts,
  { browser, returnTo }: LogoutTransaction,
  { metadata }: Client,
  cookieHeader: string | undefined,
): Reason | undefined {
  if (!binding.matches(browser, cookieHeader)) return 'browser_mismatch';
  // It may have been taken back since the logout began.
  if (returnTo !== undefined && !metadata.post_logout_redirect_uris.includes(returnTo)) {
    return 'post_logout_redirect_uri_unregistered';
  }
  return undefined;
}

/** The vendor's address with its own `state` (RP-Initiated Logout 3). */
export function returnToVendor(returnTo: string, state: string | undefined): string {
  return state === undefined ? returnTo : appendedQuery(returnTo, { state });
}

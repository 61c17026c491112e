import type { LogoutGrants, LogoutSession } from '../grants/logout.ts';
import { browserIndex } from '../subjects/session-index.ts';
import type { Client } from '../vendors/client.ts';

/** What the grants of a browser session are found with. */
export interface BrowserSessionParts {
  readonly grants: LogoutGrants;
  /** The root of the keyed indexes. */
  readonly indexRoot: Uint8Array;
  readonly subjects: {
    /** User indexes, base64url, of the subject in an ID token of ours. */
    provenUsers(client: Client, subject: string): Promise<readonly string[]>;
  };
}

/**
 * The grants at a client that an ID token of ours tells of: those of its `sid`, or, where
 * the upstream has none, those of its user in this browser. Newest last.
 */
export async function grantsOfHint(
  parts: BrowserSessionParts,
  client: Client,
  claims: Readonly<Record<string, unknown>>,
  browser: string,
  now: Date,
): Promise<readonly LogoutSession[]> {
  const { sub, sid } = claims;
  if (typeof sub !== 'string') return [];
  const users = await parts.subjects.provenUsers(client, sub);
  const userIndexes = users.map((user) => Buffer.from(user, 'base64url'));
  const selection = { sector: client.sector, userIndexes };
  const found = await parts.grants.find([client.clientId], selection, now);
  if (typeof sid === 'string') return found.filter((grant) => grant.sid === sid);
  const index = browserIndex(parts.indexRoot, client.sector, browser);
  return found.filter(
    (grant) => grant.browserIndex !== undefined && index.equals(grant.browserIndex),
  );
}

/** The grants that were begun at a client in this browser. Newest last. */
export function grantsOfBrowser(
  parts: BrowserSessionParts,
  client: Client,
  browser: string,
  now: Date,
): Promise<readonly LogoutSession[]> {
  const index = browserIndex(parts.indexRoot, client.sector, browser);
  return parts.grants.find([client.clientId], { browserIndex: index }, now);
}

import type { Client } from '../vendors/client.ts';
import type { KnownSubjects } from '../subjects/known.ts';
import type { ReleasedSubject } from '../subjects/released.ts';
import type { OpenedToken } from './opened-token.ts';

/** In which capacity a caller may know of a token. */
export type Standpoint =
  | { readonly as: 'client' }
  | { readonly as: 'resource_server'; readonly audience: readonly string[] };

/**
 * Whether a caller may know of a token (design section 5): its client may, and a
 * resource server in its audience of the same vendor, or of one whose tokens the
 * operator let it ask about. Undefined: to this caller it does not exist.
 */
export function standpointOf(
  caller: Client,
  owner: Client,
  token: OpenedToken,
): Standpoint | undefined {
  if (caller.clientId === owner.clientId) return { as: 'client' };
  const { resource_server: resourceServer } = caller.metadata;
  if (resourceServer === undefined || token.hint !== 'access_token') return undefined;
  // Two vendors together could otherwise have one user named to both: by a token that one asks for and the other asks about.
  const isServed =
    caller.vendorId === owner.vendorId || resourceServer.vendors.includes(owner.vendorId);
  if (!isServed) return undefined;
  const audience = token.audience.filter((one) => resourceServer.audience.includes(one));
  return audience.length === 0 ? undefined : { as: 'resource_server', audience };
}

/**
 * The subject of a token in the caller's sector; undefined where the token speaks
 * for no user, or the user has no subject there.
 *
 * @throws Refusal `database_unavailable`
 */
export async function subjectInSectorOf(
  known: KnownSubjects,
  caller: Client,
  owner: Client,
  { user }: OpenedToken,
): Promise<ReleasedSubject | undefined> {
  if (user === undefined) return undefined;
  const { subject, kind, change } = user;
  if (caller.sector === owner.sector) return subject;
  return known.subjectFor(caller, { sector: owner.sector, subject, kind, change });
}

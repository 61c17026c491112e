import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import { continuityDeadline, modeFor, newestPhase, strictest } from '../vendors/phase.ts';
import type { Mode } from '../vendors/phase.ts';
import type { Grant } from './grant.ts';

/** Why a grant no longer stands. */
type Fallen = 'revoked' | 'ended' | 'continuity';

/**
 * Whether a grant still stands today (design section 4, Subject continuity):
 * not revoked, not ended by the operator or with its user, and not past the deadline after a
 * change of phase.
 */
export function fallen(
  grant: Grant,
  client: Client,
  registry: Pick<StandingGrants, 'isRevoked' | 'isEnded'>,
  now: Date,
): Fallen | undefined {
  if (registry.isRevoked(grant.id)) return 'revoked';
  if (grant.change < client.notBefore) return 'ended';
  if (registry.isEnded(grant.userIndex, grant.change)) return 'ended';
  const deadline = continuityDeadline(client, grant.userIndex, grant);
  if (deadline !== undefined && deadline.getTime() <= now.getTime()) return 'continuity';
  return undefined;
}

/** What is said where an access token is shown: one answer, whatever became of its grant. */
export const TOKEN_FALLEN = {
  gone: 'token_invalid',
  revoked: 'token_invalid',
  ended: 'token_invalid',
  continuity: 'token_invalid',
} as const;

/** What is known of clients and grants at this moment. */
export interface StandingGrants {
  find(clientId: string): Client | undefined;
  isRevoked(grantId: string): boolean;
  /** Whether what was settled for a user at a position of the change log was ended since. */
  isEnded(userIndex: Uint8Array, change: number): boolean;
}

/**
 * The client of a grant that still stands; otherwise refused by what the
 * endpoint calls it.
 */
export function standingClient(
  grant: Grant,
  registry: StandingGrants,
  now: Date,
  reasons: Readonly<Record<Fallen | 'gone', Reason>>,
): Client {
  const client = registry.find(grant.clientId);
  if (client === undefined) throw new Refusal(reasons.gone, 'the client is gone');
  const why = fallen(grant, client, registry, now);
  if (why !== undefined) throw new Refusal(reasons[why], why);
  return client;
}

/** The release policy of a grant today: the stricter of then and now. Only the `sub` continues. */
export function modeToday(grant: Grant, client: Client): Mode {
  return strictest(grant.mode, modeFor(newestPhase(client), grant.userIndex));
}

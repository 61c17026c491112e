import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { readClient, type StoredClient } from './client-store.ts';
import type { MigrationPolicy } from './migration-members.ts';
import { readPhases, type RecordedPhase } from './phase-store.ts';
import { StaleError, UnknownError } from './problem.ts';
import type { RolloutOrigin } from './rollout-request.ts';
import { canBypass } from './rules.ts';
import { preservedUsersOf } from './vendor-store.ts';

/** What reading it works with. */
interface StandingContext {
  readonly db: Connection;
  readonly atRest: AtRest;
}

/** Where a client stands. */
export interface RolloutStatus {
  readonly clientId: string;
  readonly vendorId: string;
  readonly current: RecordedPhase;
  /** The version that `rollback` would restore. */
  readonly previous: RecordedPhase | undefined;
  readonly canBypass: boolean;
  readonly acceptBypassAt: Date | undefined;
  readonly migration: MigrationPolicy | undefined;
  /** In mode `preserve`: users who can still be correlated with what they were called before. */
  readonly preservedUsers: number | undefined;
}

/** Every recorded version, newest first. */
export async function rolloutHistory(
  { db }: Pick<StandingContext, 'db'>,
  clientId: string,
): Promise<readonly RecordedPhase[]> {
  const phases = (await readPhases(db, [clientId])).get(clientId);
  if (phases === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  return phases.toReversed();
}

/** Where a client stands, and what a rollback would restore. */
export async function rolloutStatus(
  context: StandingContext,
  clientId: string,
): Promise<RolloutStatus> {
  const { stored, phases, current } = await standing(context, { clientId });
  const { migration } = stored.client.metadata;
  return {
    clientId,
    vendorId: stored.client.vendorId,
    current,
    previous: previousOf(phases),
    canBypass: canBypass(stored.client),
    acceptBypassAt: stored.acceptBypassAt,
    migration,
    preservedUsers:
      migration?.mode === 'preserve'
        ? await preservedUsersOf(context.db, stored.client.sector)
        : undefined,
  };
}

/** A client with all that is recorded of its phases. */
export interface RolloutStanding {
  readonly stored: StoredClient;
  /** Oldest first. */
  readonly phases: readonly RecordedPhase[];
  readonly current: RecordedPhase;
}

/** Reads it. Throws {@link UnknownError}, and {@link StaleError} where another version is in force. */
export async function standing(
  { db, atRest }: StandingContext,
  { clientId, expectedVersion }: Pick<RolloutOrigin, 'clientId' | 'expectedVersion'>,
): Promise<RolloutStanding> {
  const stored = await readClient(db, atRest, clientId);
  const phases = (await readPhases(db, [clientId])).get(clientId) ?? [];
  const current = phases.at(-1);
  if (current === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  if (expectedVersion !== undefined && expectedVersion !== current.version) {
    throw new StaleError(
      `The client "${clientId}" is at version ${current.version}, not at ${expectedVersion}.`,
    );
  }
  return { stored, phases, current };
}

/** What `undo` would restore: the version before the one that the current state came from. */
export function previousOf(phases: readonly RecordedPhase[]): RecordedPhase | undefined {
  const current = phases.at(-1);
  if (current === undefined) return undefined;
  const { version } = originOf(phases, current);
  const before = phases.find((phase) => phase.version === version - 1);
  return before && originOf(phases, before);
}

/** The version that first had the state which a chain of rollbacks restored. */
export function originOf(phases: readonly RecordedPhase[], from: RecordedPhase): RecordedPhase {
  const restored = phases.find(({ version }) => version === from.restores);
  return restored === undefined ? from : originOf(phases, restored);
}

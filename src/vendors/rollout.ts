import type { AuditEntry } from '../audit/entry.ts';
import { appendAudit } from '../audit/store.ts';
import type { AtRest } from '../database/at-rest.ts';
import { userIndex } from '../database/blind-index.ts';
import { appendChange } from '../database/changes.ts';
import { inTransaction, type Connection } from '../database/connection.ts';
import { advanceRevision, readClient, type StoredClient } from './client-store.ts';
import type { MigrationPolicy } from './migration-members.ts';
import { insertPhase, readPhases, type RecordedPhase } from './phase-store.ts';
import { RegistrationError, StaleError, UnknownError } from './problem.ts';
import {
  mustBeSaid,
  mustBeWellFormed,
  type RolloutOrigin,
  type RolloutRollback,
  type RolloutSet,
} from './rollout-request.ts';
import { canBypass, phaseProblem } from './rules.ts';
import { preservedUsersOf } from './vendor-store.ts';

/** What the rollout operations work with. */
export interface RolloutContext {
  readonly db: Connection;
  readonly atRest: AtRest;
  /** The root of the user indexes: `Keyring.index`. */
  readonly indexRoot: Uint8Array;
  readonly clock: () => Date;
}

/** The version now in force, and whether it was recorded by this operation. */
export interface RolloutOutcome {
  readonly version: RecordedPhase;
  readonly changed: boolean;
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

type State = Pick<RecordedPhase, 'phase' | 'percent' | 'pilotUsers'>;

/**
 * Puts a client into a phase, as a new recorded version that holds in every
 * replica within 5 s. Setting what is in force already records nothing, so that
 * a rollback never restores the same state.
 *
 * Throws {@link RegistrationError} (a rule is broken), {@link UnknownError}
 * (no such client) or {@link ConflictError} (somebody else was first).
 */
export async function rolloutSet(
  context: RolloutContext,
  request: RolloutSet,
): Promise<RolloutOutcome> {
  mustBeWellFormed(request);
  const before = await standing(context, request);
  const { sector } = before.stored.client;
  const pilotUsers = (request.users ?? []).map((user) =>
    userIndex(context.indexRoot, sector, user).toString('base64url'),
  );
  const state: State = {
    phase: request.phase,
    percent: request.percent,
    pilotUsers: [...new Set(pilotUsers)].toSorted(),
  };
  return record(context, request, before, state, {
    restores: undefined,
    endSessions: request.endSessions === true,
  });
}

/**
 * Restores the version before, or the one asked for, as a new version that says
 * which it restores. Another rollback goes further back, as `undo` does.
 */
export async function rolloutRollback(
  context: RolloutContext,
  request: RolloutRollback,
): Promise<RolloutOutcome> {
  mustBeSaid(request);
  const before = await standing(context, request);
  const target =
    request.to === undefined
      ? previousOf(before.phases)
      : before.phases.find(({ version }) => version === request.to);
  if (target === undefined) {
    throw new UnknownError(
      request.to === undefined
        ? `The client "${request.clientId}" has no earlier version to go back to.`
        : `The client "${request.clientId}" has no version ${request.to}.`,
    );
  }
  const { version } = originOf(before.phases, target);
  return record(context, request, before, target, { restores: version, endSessions: false });
}

/** Every recorded version, newest first. */
export async function rolloutHistory(
  { db }: Pick<RolloutContext, 'db'>,
  clientId: string,
): Promise<readonly RecordedPhase[]> {
  const phases = (await readPhases(db, [clientId])).get(clientId);
  if (phases === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  return phases.toReversed();
}

/** Where a client stands, and what a rollback would restore. */
export async function rolloutStatus(
  context: Pick<RolloutContext, 'db' | 'atRest'>,
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

interface Standing {
  readonly stored: StoredClient;
  readonly phases: readonly RecordedPhase[];
  readonly current: RecordedPhase;
}

async function standing(
  { db, atRest }: Pick<RolloutContext, 'db' | 'atRest'>,
  { clientId, expectedVersion }: Pick<RolloutOrigin, 'clientId' | 'expectedVersion'>,
): Promise<Standing> {
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

async function record(
  context: RolloutContext,
  { clientId, actor, reason, requestId }: RolloutOrigin,
  { stored, current }: Standing,
  state: State,
  change: { readonly restores: number | undefined; readonly endSessions: boolean },
): Promise<RolloutOutcome> {
  const problem = phaseProblem(stored.client, state.phase);
  if (problem !== undefined) {
    const { member, wrong, right } = problem;
    throw new RegistrationError([{ path: [member], wrong, right }]);
  }
  const isSame = sameState(current, state);
  if (isSame && !change.endSessions) return { version: current, changed: false };
  const at = context.clock();
  return inTransaction(context.db, async (trx) => {
    const position = await appendChange(trx, 'client', clientId, at);
    const notBefore = change.endSessions ? position : undefined;
    await advanceRevision(trx, clientId, stored.revision, { at, notBefore });
    const by = { actor, reason, requestId };
    if (isSame) {
      await appendAudit(trx, { ...by, act: 'client.sessions_ended', target: clientId }, at);
      return { version: current, changed: false };
    }
    const version: RecordedPhase = {
      version: current.version + 1,
      phase: state.phase,
      percent: state.percent,
      pilotUsers: state.pilotUsers,
      change: position,
      at,
      actor,
      reason,
      restores: change.restores,
    };
    await insertPhase(trx, clientId, version);
    await appendAudit(trx, { ...by, ...phaseAct(clientId, version, change.endSessions) }, at);
    return { version, changed: true };
  });
}

function phaseAct(
  clientId: string,
  { version, phase, percent, pilotUsers, restores }: RecordedPhase,
  endSessions: boolean,
): Pick<AuditEntry, 'act' | 'target' | 'details'> {
  return {
    act: restores === undefined ? 'phase.set' : 'phase.rolled_back',
    target: clientId,
    details: {
      ...{ version, phase, percent: percent ?? null, pilot_users: pilotUsers.length },
      ...(restores !== undefined && { restores }),
      ...(endSessions && { end_sessions: true }),
    },
  };
}

/** What `undo` would restore: the version before the one that the current state came from. */
function previousOf(phases: readonly RecordedPhase[]): RecordedPhase | undefined {
  const current = phases.at(-1);
  if (current === undefined) return undefined;
  const { version } = originOf(phases, current);
  const before = phases.find((phase) => phase.version === version - 1);
  return before && originOf(phases, before);
}

/** The version that first had the state which a chain of rollbacks restored. */
function originOf(phases: readonly RecordedPhase[], from: RecordedPhase): RecordedPhase {
  const restored = phases.find(({ version }) => version === from.restores);
  return restored === undefined ? from : originOf(phases, restored);
}

function sameState(a: State, b: State): boolean {
  return (
    a.phase === b.phase &&
    a.percent === b.percent &&
    a.pilotUsers.length === b.pilotUsers.length &&
    a.pilotUsers.every((user, position) => user === b.pilotUsers[position])
  );
}

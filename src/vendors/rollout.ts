import type { AuditEntry } from '../audit/entry.ts';
import { appendAudit } from '../audit/store.ts';
import type { AtRest } from '../database/at-rest.ts';
import { userIndex } from '../database/blind-index.ts';
import { appendChange } from '../database/changes.ts';
import { inTransaction, type Connection, type Transaction } from '../database/connection.ts';
import { advanceRevision } from './client-store.ts';
import { readFreeze } from './freeze-store.ts';
import { insertPhase, type Gate, type RecordedPhase } from './phase-store.ts';
import { ConflictError, RegistrationError, UnknownError } from './problem.ts';
import {
  goesFurther,
  isSameState,
  stateAfter,
  stepOf,
  type RolloutState,
  type Step,
} from './rollout-plan.ts';
import {
  mustBeSaid,
  mustBeWellFormed,
  type RolloutOrigin,
  type RolloutRollback,
  type RolloutSet,
} from './rollout-request.ts';
import { originOf, previousOf, standing, type RolloutStanding } from './rollout-standing.ts';
import { phaseProblem } from './rules.ts';

/** What the rollout operations work with. */
export interface RolloutContext {
  readonly db: Connection;
  readonly atRest: AtRest;
  /** The root of the user indexes: `Keyring.index`. */
  readonly indexRoot: Uint8Array;
  readonly clock: () => Date;
  /** Looks at what stands before a step; recorded with it, red or green. */
  readonly gatesOf?: (standing: RolloutStanding, step: Step) => Promise<readonly Gate[]>;
}

/** The version now in force, and whether it was recorded by this operation. */
export interface RolloutOutcome {
  readonly version: RecordedPhase;
  readonly changed: boolean;
}

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
  const { phase, percent, isDone } = request;
  const pilotUsers = request.users?.map((user) =>
    userIndex(context.indexRoot, sector, user).toString('base64url'),
  );
  const state = stateAfter(before.current, { phase, percent, isDone, pilotUsers });
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

async function record(
  context: RolloutContext,
  { clientId, actor, reason, requestId }: RolloutOrigin,
  before: RolloutStanding,
  state: RolloutState,
  change: { readonly restores: number | undefined; readonly endSessions: boolean },
): Promise<RolloutOutcome> {
  const { stored, current } = before;
  const problem = phaseProblem(stored.client, state.phase);
  if (problem !== undefined) {
    const { member, wrong, right } = problem;
    throw new RegistrationError([{ path: [member], wrong, right }]);
  }
  const isSame = isSameState(current, state);
  if (isSame && !change.endSessions) return { version: current, changed: false };
  const isFurther = goesFurther(current, state);
  const gates = isFurther ? await context.gatesOf?.(before, stepOf(state)) : undefined;
  const at = context.clock();
  return inTransaction(context.db, async (trx) => {
    const position = await appendChange(trx, 'client', clientId, at);
    // Going back is never refused, by whatever way it leads.
    if (isFurther && change.restores === undefined) await mustNotBeFrozen(trx);
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
      isDone: state.isDone === true,
      gates,
    };
    await insertPhase(trx, clientId, version);
    await appendAudit(trx, { ...by, ...phaseAct(clientId, version, change.endSessions) }, at);
    return { version, changed: true };
  });
}

function phaseAct(
  clientId: string,
  { version, phase, percent, pilotUsers, restores, isDone, gates = [] }: RecordedPhase,
  endSessions: boolean,
): Pick<AuditEntry, 'act' | 'target' | 'details'> {
  const red = gates.filter(({ state }) => state === 'red').map(({ name }) => name);
  return {
    act: restores === undefined ? 'phase.set' : 'phase.rolled_back',
    target: clientId,
    details: {
      ...{ version, phase, percent: percent ?? null, pilot_users: pilotUsers.length },
      ...(restores !== undefined && { restores }),
      ...(isDone === true && { done: true }),
      ...(red.length > 0 && { red_gates: red.join(' ') }),
      ...(endSessions && { end_sessions: true }),
    },
  };
}

async function mustNotBeFrozen(trx: Transaction): Promise<void> {
  const freeze = await readFreeze(trx);
  if (freeze === undefined) return;
  const { at, actor, reason } = freeze;
  const why = reason === undefined ? '' : `: ${reason}`;
  throw new ConflictError(
    `No client goes further while rollouts are frozen (${actor}, ${at.toISOString()}${why}); rollbacks are possible.`,
  );
}

import type { RecordedPhase } from '../vendors/phase-store.ts';
import type { Freeze } from '../vendors/freeze-store.ts';
import { stepOf } from '../vendors/rollout-plan.ts';
import type { RolloutStatus } from '../vendors/rollout-standing.ts';
import type { RolloutBoard } from './rollout-board.ts';

/** A recorded version as it is printed; of the pilot users, only how many there are. */
export function phaseView(version: RecordedPhase): Readonly<Record<string, unknown>> {
  return {
    version: version.version,
    phase: version.phase,
    percent: version.percent ?? null,
    pilot_users: version.pilotUsers.length,
    at: version.at,
    actor: version.actor,
    reason: version.reason ?? null,
    restores: version.restores ?? null,
    done: version.isDone === true,
    gates: version.gates ?? null,
  };
}

/** The same in a few words. */
export function phaseText(recorded: RecordedPhase): string {
  const { version, phase, percent, pilotUsers, isDone } = recorded;
  const share = percent === undefined ? [] : [`${percent} %`];
  const pilots =
    pilotUsers.length === 0
      ? []
      : [`${pilotUsers.length} pilot ${pilotUsers.length === 1 ? 'user' : 'users'}`];
  const narrowed = [...share, ...pilots].join(' and ');
  const done = isDone === true ? ', done' : '';
  return `${phase}${narrowed === '' ? '' : ` for ${narrowed}`}${done} (version ${version})`;
}

/** Where a client stands, as it is printed. */
export function rolloutView(status: RolloutStatus): Readonly<Record<string, unknown>> {
  return {
    client_id: status.clientId,
    vendor: status.vendorId,
    ...phaseView(status.current),
    step: stepOf(status.current),
    previous: status.previous === undefined ? null : phaseText(status.previous),
    previous_version: status.previous?.version ?? null,
    can_bypass: status.canBypass,
    accept_bypass_at: status.acceptBypassAt ?? null,
    ...(status.migration !== undefined && { migration: status.migration }),
    ...(status.preservedUsers !== undefined && { preserved_users: status.preservedUsers }),
  };
}

/** What stands before the next step of a client, as it is printed. */
export function boardView({ next, gates, freeze }: RolloutBoard) {
  return { next_step: next ?? null, next_gates: gates, frozen: freeze !== undefined };
}

/** A freeze, or that there is none, as it is printed. */
export function freezeView(freeze: Freeze | undefined): Readonly<Record<string, unknown>> {
  return {
    frozen: freeze !== undefined,
    at: freeze?.at ?? null,
    actor: freeze?.actor ?? null,
    reason: freeze?.reason ?? null,
  };
}

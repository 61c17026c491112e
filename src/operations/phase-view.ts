import type { RecordedPhase } from '../vendors/phase-store.ts';
import type { RolloutStatus } from '../vendors/rollout.ts';

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
  };
}

/** The same in a few words. */
export function phaseText({ version, phase, percent, pilotUsers }: RecordedPhase): string {
  const share = percent === undefined ? [] : [`${percent} %`];
  const pilots =
    pilotUsers.length === 0
      ? []
      : [`${pilotUsers.length} pilot ${pilotUsers.length === 1 ? 'user' : 'users'}`];
  const narrowed = [...share, ...pilots].join(' and ');
  return `${phase}${narrowed === '' ? '' : ` for ${narrowed}`} (version ${version})`;
}

/** Where a client stands, as it is printed. */
export function rolloutView(status: RolloutStatus): Readonly<Record<string, unknown>> {
  return {
    client_id: status.clientId,
    vendor: status.vendorId,
    ...phaseView(status.current),
    previous: status.previous === undefined ? null : phaseText(status.previous),
    previous_version: status.previous?.version ?? null,
    can_bypass: status.canBypass,
    accept_bypass_at: status.acceptBypassAt ?? null,
    ...(status.migration !== undefined && { migration: status.migration }),
    ...(status.preservedUsers !== undefined && { preserved_users: status.preservedUsers }),
  };
}

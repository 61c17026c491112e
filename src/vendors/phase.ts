import { createHash } from 'node:crypto';

import type { SubjectKind } from '../subjects/released.ts';
import type { Client, Phase, PhaseVersion } from './client.ts';

/** What one user of one client is served as. */
export type Mode = Phase;

const STRICTNESS: Readonly<Record<Mode, number>> = { public: 0, shadow: 1, pairwise: 2 };
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * The mode in which a version of a client's phase serves one user.
 *
 * A percentage, a list of pilot users, or both narrow `pairwise` to whom either
 * names (a list alone: 0 %); with neither, `pairwise` is for everybody. The
 * others are served as in `shadow`.
 *
 * @param userIndex the per-sector blind index of the user
 */
export function modeFor(
  version: Pick<PhaseVersion, 'phase' | 'percent' | 'pilotUsers'>,
  userIndex: Uint8Array,
): Mode {
  if (version.phase !== 'pairwise') return version.phase;
  if (version.percent === undefined && version.pilotUsers.length === 0) return 'pairwise';
  if (place(userIndex) < (version.percent ?? 0)) return 'pairwise';
  return version.pilotUsers.includes(Buffer.from(userIndex).toString('base64url'))
    ? 'pairwise'
    : 'shadow';
}

/** What a client is served as now: the newest version of its phase; the registry loads no client without. */
export function newestPhase(client: Pick<Client, 'clientId' | 'phases'>): PhaseVersion {
  const newest = client.phases.at(-1);
  if (newest === undefined) throw new Error(`client ${client.clientId} has no phase`);
  return newest;
}

/** The stricter of two modes: `pairwise` before `shadow` before `public`. */
export function strictest(a: Mode, b: Mode): Mode {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

/** The kind of subject that a mode releases. */
export function kindOf(mode: Mode): SubjectKind {
  return mode === 'pairwise' ? 'pairwise' : 'public';
}

/**
 * Until when a subject sealed into tokens is continued (OpenID Connect Core
 * 12.2 and 5.3.2) for a user who would now be given one of another kind.
 *
 * The time runs from the version since which the kind has differed without a
 * break, so that a rollback restores the tokens and a second change begins anew.
 *
 * @param sealed the kind of the sealed subject, and the change-log position at its resolution
 * @returns undefined where the user would be given the same kind today
 */
export function continuityDeadline(
  client: Pick<Client, 'phases' | 'continuityDays'>,
  userIndex: Uint8Array,
  sealed: { readonly change: number; readonly kind: SubjectKind },
): Date | undefined {
  let since: PhaseVersion | undefined;
  for (const version of client.phases.toReversed()) {
    if (kindOf(modeFor(version, userIndex)) === sealed.kind) break;
    since = version;
    // What was in force at the sealing ends the search, also where it differs from what was
    // sealed: then nothing ever promised that kind, and the time must still run out.
    if (version.change <= sealed.change) break;
  }
  return since && new Date(since.at.getTime() + client.continuityDays * DAY_MILLISECONDS);
}

/** Where a user stands between 0 and 100; the same for ever, so that a raised share keeps all who were in. */
function place(userIndex: Uint8Array): number {
  const digest = createHash('sha256').update('pilot\0').update(userIndex).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}

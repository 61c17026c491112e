import { readDailyCounts } from '../database/daily-activity.ts';
import { orUnavailable } from '../database/connection.ts';
import { countSessionsExpiring } from '../database/sessions.ts';
import { GRANT_SECONDS } from '../grants/lifetime.ts';
import { countPhases, type PhaseCount } from '../vendors/phase-store.ts';
import type { OperationContext } from './context.ts';

/** One day, in numbers that name nobody. */
export interface ActiveDay {
  /** As in 2026-11-23 (UTC). */
  readonly day: string;
  /** Logins whose grants are still kept: those of an erased user are gone. */
  readonly logins: number;
  readonly newPseudonyms: number;
  /** Users who were given a pseudonym, each once in a sector. */
  readonly usersSeen: number;
}

/** What happens at the proxy, and where its clients stand. */
export interface Activity {
  /** Oldest first, today last. */
  readonly days: readonly ActiveDay[];
  readonly phases: readonly PhaseCount[];
}

const DAY = 86_400_000;

/**
 * What happened on the last days. Each day's logins are one range of an index, its pseudonyms
 * one row, so that neither depends on how many users there are.
 *
 * @param days how many, today included
 */
export async function activity(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  days: number,
): Promise<Activity> {
  const today = Math.floor(clock().getTime() / DAY);
  const first = today - days + 1;
  const counts = await readDailyCounts(db, first);
  const shown: ActiveDay[] = [];
  for (let day = first; day <= today; day += 1) {
    // Grants are found by when they end, which is a year after their login.
    const ends = day * DAY + GRANT_SECONDS * 1000;
    const logins = await countSessionsExpiring(db, new Date(ends), new Date(ends + DAY));
    const { made = 0, seen = 0 } = counts.get(day) ?? {};
    const date = new Date(day * DAY).toISOString().slice(0, 10);
    shown.push({ day: date, logins, newPseudonyms: made, usersSeen: seen });
  }
  return { days: shown, phases: await orUnavailable(() => countPhases(db)) };
}

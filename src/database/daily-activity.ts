import { orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';

/** What happened on one day. */
export interface DailyCounts {
  /** Pseudonyms that were made. */
  readonly made: number;
  /** Users who were given a pseudonym, each once in a sector. */
  readonly seen: number;
}

/**
 * Adds to what happened on a day. Its caller holds a lock under which one writer at
 * a time adds, so that no two of them make the row of a day.
 *
 * @param day days since 1970 (UTC)
 */
export async function countOnDay(
  trx: Transaction,
  day: number,
  { made, seen }: DailyCounts,
): Promise<void> {
  const counted = await trx('daily_activity').where({ day }).increment({ made, seen });
  if (counted === 0) await trx('daily_activity').insert({ day, made, seen });
}

/** What happened on each day from one on; days on which nothing did are absent. */
export async function readDailyCounts(
  db: Connection,
  from: number,
): Promise<ReadonlyMap<number, DailyCounts>> {
  const rows = await orUnavailable(() =>
    db('daily_activity')
      .where('day', '>=', from)
      .select<{ day: number; made: number | string; seen: number | string }[]>(
        ...['day', 'made', 'seen'],
      ),
  );
  return new Map(
    rows.map(({ day, made, seen }) => [day, { made: Number(made), seen: Number(seen) }]),
  );
}

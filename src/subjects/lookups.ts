import { bytes } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';

const HOUR = 3600 * 1000;
const DAY_HOURS = 24;

/** Counts a lookup of an actor; returns how many there were in this hour. */
export async function countLookup(trx: Transaction, actor: string, now: Date): Promise<number> {
  const key = { actor: bytes(actor), hour: Math.floor(now.getTime() / HOUR) };
  await trx('subject_lookups')
    .insert({ ...key, count: 0 })
    .onConflict(['actor', 'hour'])
    .ignore();
  await trx('subject_lookups').where(key).increment('count', 1);
  const row = await trx('subject_lookups').where(key).first<{ count: number }>('count');
  return row.count;
}

/** Forgets how often was looked up a day ago. */
export async function purgeLookups(db: Connection, now: Date): Promise<number> {
  const hour = Math.floor(now.getTime() / HOUR) - DAY_HOURS;
  return db('subject_lookups').where('hour', '<', hour).del();
}

import { bytes } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';

/** How the pairwise part of logins in shadow went. */
export interface ShadowLogins {
  readonly logins: number;
  /** Of users who had no pseudonym before. */
  readonly made: number;
  readonly failed: number;
}

/** Those of one client in one hour; hours since 1970. */
export interface ShadowHour extends ShadowLogins {
  readonly clientId: string;
  readonly hour: number;
}

type SummedRow = Readonly<Record<keyof ShadowLogins, number | string | null>>;

/** Milliseconds. */
const HOUR = 3_600_000;
/** Hours for which they are kept. */
const KEPT_HOURS = 30 * 24;

/** The hour of an instant. */
export function hourOf(at: Date): number {
  return Math.floor(at.getTime() / HOUR);
}

/** Adds to what is counted. */
export async function addShadowLogins(
  trx: Transaction,
  counted: readonly ShadowHour[],
): Promise<void> {
  // In one order, so that replicas wait for each other instead of getting in each other's way.
  const ordered = counted.toSorted((a, b) => Buffer.compare(placeOf(a), placeOf(b)));
  for (const { clientId, hour, logins, made, failed } of ordered) {
    const key = { client_id: bytes(clientId), hour };
    await trx('shadow_logins')
      .insert({ ...key, logins: 0, made: 0, failed: 0 })
      .onConflict(['client_id', 'hour'])
      .ignore();
    await trx('shadow_logins').where(key).increment({ logins, made, failed });
  }
}

function placeOf({ clientId, hour }: ShadowHour): Buffer {
  return bytes(`${hour} ${clientId}`);
}

/** The sum for a client from an instant on, to the hour. */
export async function shadowLogins(
  db: Connection,
  clientId: string,
  since: Date,
): Promise<ShadowLogins> {
  const [row] = (await db('shadow_logins')
    .where({ client_id: bytes(clientId) })
    .andWhere('hour', '>=', hourOf(since))
    .sum({ logins: 'logins', made: 'made', failed: 'failed' })) as [SummedRow];
  // A sum over no rows is null, which is 0 as a number.
  return { logins: Number(row.logins), made: Number(row.made), failed: Number(row.failed) };
}

/** Forgets what is counted of long ago. */
export async function purgeShadowLogins(db: Connection, now: Date): Promise<number> {
  return db('shadow_logins')
    .where('hour', '<', hourOf(now) - KEPT_HOURS)
    .del();
}

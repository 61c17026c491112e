import { asBuffer, bytes } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import type { SectorUser } from './store.ts';

/** What a sector has of a user, as the user is told of it. */
export interface SectorConnection {
  readonly since: Date;
  /** To the day; undefined: not since days are noted. */
  readonly lastUsed: Date | undefined;
}

const DAY = 86_400_000;

/** Since when a sector knows a user, and when it last made use of that; undefined: it does not. */
export async function sectorConnection(
  connection: Connection | Transaction,
  user: SectorUser,
): Promise<SectorConnection | undefined> {
  const key = { sector: bytes(user.sector), user_index: asBuffer(user.userIndex) };
  const given = await connection('pseudonyms')
    .where(key)
    .select<{ created_at: number; last_used_day: number | null }[]>('created_at', 'last_used_day');
  const logins = await connection('sessions')
    .where(key)
    .select<{ created_at: number }[]>('created_at');
  if (given.length + logins.length === 0) return undefined;
  const begun = [...given, ...logins].map((row) => row.created_at);
  const used = [
    ...given.flatMap(({ last_used_day: day }) => (day === null ? [] : [day * DAY])),
    ...logins.map((row) => Math.floor(row.created_at / DAY) * DAY),
  ];
  return {
    since: new Date(Math.min(...begun)),
    lastUsed: used.length === 0 ? undefined : new Date(Math.max(...used)),
  };
}

/** Ends the grants of a user in a sector; what they have yielded is for `endUser` to end. */
export function endGrantsOf(trx: Transaction, user: SectorUser, at: Date): Promise<number> {
  return trx('sessions')
    .where({ sector: bytes(user.sector), user_index: asBuffer(user.userIndex) })
    .whereNull('revoked_at')
    .update({ revoked_at: at.getTime() });
}

import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { subjectSectors } from '../database/sector-links.ts';
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
  indexRoot: Uint8Array,
  { sector, localSubject }: { readonly sector: string; readonly localSubject: string },
): Promise<SectorConnection | undefined> {
  const userIndex = indexUser(indexRoot, sector, localSubject);
  const key = { sector: bytes(sector), user_index: asBuffer(userIndex) };
  const own = await connection('pseudonyms')
    .where(key)
    .whereNull('known_only_in')
    .select<{ created_at: number; last_used_day: number | null }[]>('created_at', 'last_used_day');
  const given = [...own, ...(await givenByLink(connection, indexRoot, { sector, localSubject }))];
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

/** What clients of a linked sector were given of a user in the other one; who else used it when is not said. */
async function givenByLink(
  connection: Connection | Transaction,
  indexRoot: Uint8Array,
  { sector, localSubject }: { readonly sector: string; readonly localSubject: string },
): Promise<readonly { readonly created_at: number; readonly last_used_day: null }[]> {
  const [, into] = await subjectSectors(connection, sector);
  if (into === undefined) return [];
  const key = {
    sector: bytes(into),
    user_index: asBuffer(indexUser(indexRoot, into, localSubject)),
  };
  const clients = connection('clients')
    .where({ sector: bytes(sector) })
    .select('client_id');
  const isGiven: unknown = await connection('given_subjects')
    .where(key)
    .whereIn('client_id', clients)
    .first('client_id');
  if (isGiven === undefined) return [];
  const rows = await connection('pseudonyms')
    .where(key)
    .select<{ created_at: number }[]>('created_at');
  return rows.map((row) => ({ ...row, last_used_day: null }));
}

/** Ends the grants of a user in a sector; what they have yielded is for `endUser` to end. */
export function endGrantsOf(trx: Transaction, user: SectorUser, at: Date): Promise<number> {
  return trx('sessions')
    .where({ sector: bytes(user.sector), user_index: asBuffer(user.userIndex) })
    .whereNull('revoked_at')
    .update({ revoked_at: at.getTime() });
}

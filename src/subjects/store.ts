import type { PseudonymAlgorithm } from '../config/types.ts';
import type { AtRest } from '../database/at-rest.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import { isUniqueViolation } from '../database/connection.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { insertMany } from '../database/insert-many.ts';
import { ORIGINAL_SUBJECT } from '../database/logout-sessions.ts';

/** One user in one sector. */
export interface SectorUser {
  readonly sector: string;
  /** The blind index of the user in this sector. */
  readonly userIndex: Uint8Array;
}

/** One generation of a user's pseudonym in a sector. */
export interface Pseudonym extends SectorUser {
  /** Counts from 1. */
  readonly generation: number;
  readonly sub: string;
  /** Of one that was just made for a user who had been erased: from where in the change log it is good. */
  readonly goodFrom?: number;
  /** The linked sector that alone knows it; undefined: the sector itself may know it too. */
  readonly knownOnlyIn?: string | undefined;
}

/** How a pseudonym came about: derived, brought from another system, or the original subject kept. */
export type PseudonymOrigin = PseudonymAlgorithm | 'imported' | 'preserved';

/** A pseudonym with what is stored beside it. */
export interface PseudonymRecord extends Pseudonym {
  readonly localSubject: string;
  readonly saltVersion: number;
  readonly algorithm: PseudonymOrigin;
  readonly createdAt: Date;
}

/** A generation without the local subject behind it. */
export interface ListedPseudonym extends Omit<PseudonymRecord, 'localSubject'> {
  /** When a newer generation took over. */
  readonly retiredAt: Date | undefined;
  /** Until when it resolves then. */
  readonly graceUntil: Date | undefined;
}

export interface PseudonymRow {
  readonly sector: Uint8Array;
  readonly user_index: Uint8Array;
  readonly generation: number;
  readonly sub: Uint8Array;
  readonly local_subject: Uint8Array;
  readonly salt_version: number;
  readonly algorithm: PseudonymOrigin;
  readonly created_at: number;
  readonly retired_at: number | null;
  readonly grace_until: number | null;
  readonly known_only_in: Uint8Array | null;
}

/** The generation or the `sub` was taken in the meantime: begin the transaction again. */
export class PseudonymTaken extends Error {
  override readonly name = 'PseudonymTaken';
}

/** The newest generation: one read of the primary key. */
export async function findNewest(
  connection: Connection | Transaction,
  { sector, userIndex }: SectorUser,
): Promise<Pseudonym | undefined> {
  const row = await connection<PseudonymRow>('pseudonyms')
    .where({ sector: bytes(sector), user_index: asBuffer(userIndex) })
    .orderBy('generation', 'desc')
    .first('generation', 'sub');
  return row && { sector, userIndex, generation: row.generation, sub: text(row.sub) };
}

const LOCK_ATTEMPTS = 3;

/**
 * {@link findNewest}, kept from rotation and erasure until the transaction ends.
 * Whoever waits here for one of them to end sees what it left.
 */
export async function lockNewest(
  trx: Transaction,
  user: SectorUser,
): Promise<Pseudonym | undefined> {
  const key = { sector: user.sector, userIndex: user.userIndex };
  for (let attempt = 1; attempt <= LOCK_ATTEMPTS; attempt += 1) {
    const row = await trx<PseudonymRow>('pseudonyms')
      .where({ sector: bytes(user.sector), user_index: asBuffer(user.userIndex) })
      .orderBy('generation', 'desc')
      .forUpdate()
      .first('generation', 'sub', 'retired_at', 'known_only_in');
    // A rotation that was waited for has added a generation behind the place of the search.
    if (row !== undefined && row.retired_at !== null) continue;
    if (row === undefined) return undefined;
    const knownOnlyIn = row.known_only_in === null ? undefined : text(row.known_only_in);
    return { ...key, generation: row.generation, sub: text(row.sub), knownOnlyIn };
  }
  throw new PseudonymTaken();
}

/** Notes that the sector itself knows a user's pseudonyms, and not only one that is linked into it. */
export async function noteKnown(
  trx: Transaction,
  { sector, userIndex }: SectorUser,
): Promise<void> {
  await trx('pseudonyms')
    .where({ sector: bytes(sector), user_index: asBuffer(userIndex) })
    .update({ known_only_in: null });
}

/** Whose pseudonym a `sub` is or was, in any generation: one read of a unique key. */
export async function findOwner(
  connection: Connection | Transaction,
  sector: string,
  sub: string,
): Promise<Pseudonym | undefined> {
  const row = await connection<PseudonymRow>('pseudonyms')
    .where({ sector: bytes(sector), sub: bytes(sub) })
    .first('user_index', 'generation');
  return row && { sector, userIndex: row.user_index, generation: row.generation, sub };
}

/** {@link findOwner}, as long as the pseudonym resolves: it is the newest, or in its grace. */
export async function findStandingOwner(
  connection: Connection,
  sector: string,
  sub: string,
  now: Date,
): Promise<SectorUser | undefined> {
  const row = await connection<PseudonymRow>('pseudonyms')
    .where({ sector: bytes(sector), sub: bytes(sub) })
    .first('user_index', 'grace_until');
  return row && resolves(row, now) ? { sector, userIndex: row.user_index } : undefined;
}

function resolves({ grace_until: until }: Pick<PseudonymRow, 'grace_until'>, now: Date): boolean {
  return until === null || until > now.getTime();
}

/** Whether a user was met in the sector: given a pseudonym, or recorded in a session. */
export async function isKnownUser(trx: Transaction, user: SectorUser): Promise<boolean> {
  if ((await findNewest(trx, user)) !== undefined) return true;
  const session: unknown = await trx('sessions')
    .where({ sector: bytes(user.sector), user_index: asBuffer(user.userIndex) })
    .first('grant_id');
  return session !== undefined;
}

/** When a client was given a user's original subject, as far as its grants have not expired. */
export async function originalLoginTimes(
  connection: Connection,
  clientId: string,
  { sector, userIndex }: SectorUser,
): Promise<readonly Date[]> {
  const rows = await connection('sessions')
    .where({ sector: bytes(sector), user_index: asBuffer(userIndex), client_id: bytes(clientId) })
    .andWhere({ released_sub: bytes(ORIGINAL_SUBJECT) })
    .select<{ created_at: number | string }[]>('created_at');
  return rows.map((row) => new Date(Number(row.created_at)));
}

/**
 * Adds a generation.
 *
 * @throws {PseudonymTaken} where the user has that generation, or another user that `sub`
 */
export function insertPseudonym(
  trx: Transaction,
  atRest: AtRest,
  record: PseudonymRecord,
): Promise<void> {
  return insertPseudonyms(trx, atRest, [record]);
}

/** {@link insertPseudonym} for many at once. */
export async function insertPseudonyms(
  trx: Transaction,
  atRest: AtRest,
  records: readonly PseudonymRecord[],
): Promise<void> {
  const rows = records.map((record) => ({
    sector: bytes(record.sector),
    user_index: asBuffer(record.userIndex),
    generation: record.generation,
    sub: bytes(record.sub),
    local_subject: atRest.seal(sealContext(record), bytes(record.localSubject)),
    salt_version: record.saltVersion,
    algorithm: record.algorithm,
    created_at: record.createdAt.getTime(),
    known_only_in: record.knownOnlyIn === undefined ? null : bytes(record.knownOnlyIn),
  }));
  await insertPseudonymRows(trx, rows);
}

/**
 * Writes rows of the mapping as they are.
 *
 * @throws {PseudonymTaken} where the user has that generation, or another user that `sub`
 */
export async function insertPseudonymRows(
  trx: Transaction,
  rows: readonly object[],
): Promise<void> {
  try {
    await insertMany(trx, 'pseudonyms', rows);
  } catch (error) {
    // Without the cause: the message of a database repeats the values of the row.
    if (isUniqueViolation(error)) throw new PseudonymTaken();
    throw error;
  }
}

/** The local subject behind a `sub` that resolves: the newest, or one in its grace. */
export async function findLocalSubject(
  connection: Connection,
  atRest: AtRest,
  sector: string,
  sub: string,
  now: Date,
): Promise<string | undefined> {
  const row = await connection<PseudonymRow>('pseudonyms')
    .where({ sector: bytes(sector), sub: bytes(sub) })
    .first('user_index', 'generation', 'local_subject', 'grace_until');
  if (row === undefined || !resolves(row, now)) return undefined;
  const context = sealContext({ sector, userIndex: row.user_index, generation: row.generation });
  return text(atRest.open(context, row.local_subject));
}

/** All generations of a user in a sector, oldest first, without the local subject. */
export async function listGenerations(
  connection: Connection,
  { sector, userIndex }: SectorUser,
): Promise<readonly ListedPseudonym[]> {
  const rows = await connection<PseudonymRow>('pseudonyms')
    .where({ sector: bytes(sector), user_index: asBuffer(userIndex) })
    .orderBy('generation')
    .select(
      ...(['generation', 'sub', 'salt_version', 'algorithm', 'created_at'] as const),
      ...(['retired_at', 'grace_until'] as const),
    );
  return rows.map((row) => ({
    sector,
    userIndex,
    generation: row.generation,
    sub: text(row.sub),
    saltVersion: row.salt_version,
    algorithm: row.algorithm,
    createdAt: new Date(row.created_at),
    retiredAt: dateOf(row.retired_at),
    graceUntil: dateOf(row.grace_until),
  }));
}

export function sealContext({ sector, userIndex, generation }: Omit<Pseudonym, 'sub'>): {
  table: string;
  column: string;
  row: string;
} {
  const index = asBuffer(userIndex).toString('hex');
  return { table: 'pseudonyms', column: 'local_subject', row: `${sector} ${index} ${generation}` };
}

function dateOf(column: number | null): Date | undefined {
  return column === null ? undefined : new Date(column);
}

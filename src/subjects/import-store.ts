import { asBuffer, bytes, text } from '../database/bytes.ts';
import { isUniqueViolation } from '../database/connection.ts';
import type { Transaction } from '../database/connection.ts';
import { insertRows, selectAmong } from '../database/prepared.ts';
import { PseudonymTaken } from './store.ts';
import type { PseudonymRecord } from './store.ts';

/** A user in a sector, as a key of maps: its index in base64. */
export type UserKey = string;

/** The key of a user. */
export function keyOf(userIndex: Uint8Array): UserKey {
  return asBuffer(userIndex).toString('base64');
}

/** What a sector holds already of the users and the values of a batch. */
export interface Standing {
  /** The newest pseudonym of each user who has one. */
  readonly newest: ReadonlyMap<UserKey, { readonly generation: number; readonly sub: string }>;
  /** Whose each value is, in any generation. */
  readonly owners: ReadonlyMap<string, UserKey>;
  /** Namesakes who are users of the sector. */
  readonly known: ReadonlySet<UserKey>;
}

const KEYS_A_STATEMENT = 5000;

/** What is looked up for a batch. */
export interface Sought {
  readonly users: readonly Uint8Array[];
  /** Users whom a value would name. */
  readonly namesakes: readonly Uint8Array[];
  readonly values: readonly string[];
}

/** Looks a whole batch up: a few reads, however many users. */
export async function readStanding(
  trx: Transaction,
  sector: string,
  { users, namesakes, values }: Sought,
): Promise<Standing> {
  const within = bytes(sector);
  const newest = new Map<UserKey, { generation: number; sub: string }>();
  const known = new Set<UserKey>();
  const ofUsers = await selectAmong<{ user_index: Buffer; generation: number; sub: Buffer }>(
    trx,
    { table: 'pseudonyms', columns: ['user_index', 'generation', 'sub'], among: 'user_index' },
    within,
    [...users, ...namesakes].map(asBuffer),
  );
  for (const { user_index: index, generation, sub } of ofUsers) {
    const key = keyOf(index);
    known.add(key);
    if ((newest.get(key)?.generation ?? 0) < generation) {
      newest.set(key, { generation, sub: text(sub) });
    }
  }
  const sessions = await selectAmong<{ user_index: Buffer }>(
    trx,
    { table: 'sessions', columns: ['user_index'], among: 'user_index' },
    within,
    namesakes.map(asBuffer),
  );
  for (const { user_index: index } of sessions) known.add(keyOf(index));
  const owners = new Map<string, UserKey>();
  const ofValues = await selectAmong<{ user_index: Buffer; sub: Buffer }>(
    trx,
    { table: 'pseudonyms', columns: ['user_index', 'sub'], among: 'sub' },
    within,
    values.map(bytes),
  );
  for (const { user_index: index, sub } of ofValues) owners.set(text(sub), keyOf(index));
  return { newest, owners, known };
}

/** A pseudonym from outside. */
export interface ImportedPseudonym extends Omit<PseudonymRecord, 'localSubject' | 'sector'> {
  /** The local subject, sealed for its row. */
  readonly sealed: Buffer;
  /** Whether the vendor has the user under the original subject. */
  readonly given: boolean;
}

const COLUMNS = [
  ...['sector', 'user_index', 'generation', 'sub', 'local_subject'],
  ...['salt_version', 'algorithm', 'created_at', 'given_original'],
];

/**
 * Adds pseudonyms, many in one statement.
 *
 * @throws {PseudonymTaken} where somebody was first: begin the transaction again
 */
export async function insertImported(
  trx: Transaction,
  sector: string,
  records: readonly ImportedPseudonym[],
): Promise<void> {
  const within = bytes(sector);
  // In the order of the primary key, neighbours on a page are written together.
  const rows = records
    .toSorted((one, other) => Buffer.compare(one.userIndex, other.userIndex))
    .map((record) => [
      within,
      asBuffer(record.userIndex),
      record.generation,
      bytes(record.sub),
      record.sealed,
      record.saltVersion,
      record.algorithm,
      record.createdAt.getTime(),
      record.given ? 1 : null,
    ]);
  try {
    await insertRows(trx, 'pseudonyms', COLUMNS, rows);
  } catch (error) {
    // Without the cause: the message of a database repeats the values of the row.
    if (isUniqueViolation(error)) throw new PseudonymTaken();
    throw error;
  }
}

/** Notes of users who have pseudonyms that the vendor has them under the original subject. */
export async function markGiven(
  trx: Transaction,
  sector: string,
  users: readonly Uint8Array[],
): Promise<void> {
  for (const keys of portions(users.map(asBuffer))) {
    await trx('pseudonyms')
      .where({ sector: bytes(sector) })
      .whereIn('user_index', keys)
      .whereNull('given_original')
      .update({ given_original: true });
  }
}

function* portions<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += KEYS_A_STATEMENT) {
    yield all.slice(from, from + KEYS_A_STATEMENT);
  }
}

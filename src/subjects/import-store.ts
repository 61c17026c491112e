import type { AtRest } from '../database/at-rest.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import { isUniqueViolation } from '../database/connection.ts';
import type { Transaction } from '../database/connection.ts';
import { PseudonymTaken, sealContext } from './store.ts';
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

/** Statements of some hundred rows: SQLite takes so many values, and MySQL so many bytes, at once. */
const ROWS_A_STATEMENT = 250;
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
  const within = { sector: bytes(sector) };
  const newest = new Map<UserKey, { generation: number; sub: string }>();
  const known = new Set<UserKey>();
  for (const keys of portions([...users, ...namesakes].map(asBuffer))) {
    const rows = await trx('pseudonyms')
      .where(within)
      .whereIn('user_index', keys)
      .select<{ user_index: Buffer; generation: number; sub: Buffer }[]>(
        ...['user_index', 'generation', 'sub'],
      );
    for (const { user_index: index, generation, sub } of rows) {
      const key = keyOf(index);
      known.add(key);
      if ((newest.get(key)?.generation ?? 0) < generation) {
        newest.set(key, { generation, sub: text(sub) });
      }
    }
  }
  for (const keys of portions(namesakes.map(asBuffer))) {
    const sessions = await trx('sessions')
      .where(within)
      .whereIn('user_index', keys)
      .distinct<{ user_index: Buffer }[]>('user_index');
    for (const { user_index: index } of sessions) known.add(keyOf(index));
  }
  const owners = new Map<string, UserKey>();
  for (const keys of portions(values.map(bytes))) {
    const rows = await trx('pseudonyms')
      .where(within)
      .whereIn('sub', keys)
      .select<{ user_index: Buffer; sub: Buffer }[]>('user_index', 'sub');
    for (const { user_index: index, sub } of rows) owners.set(text(sub), keyOf(index));
  }
  return { newest, owners, known };
}

/** A pseudonym from outside. */
export interface ImportedPseudonym extends PseudonymRecord {
  /** Whether the vendor has the user under the original subject. */
  readonly given: boolean;
}

/**
 * Adds pseudonyms, many in one statement.
 *
 * @throws {PseudonymTaken} where somebody was first: begin the transaction again
 */
export async function insertImported(
  trx: Transaction,
  atRest: AtRest,
  records: readonly ImportedPseudonym[],
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
    given_original: record.given ? true : null,
  }));
  try {
    for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
      await trx('pseudonyms').insert(rows.slice(from, from + ROWS_A_STATEMENT));
    }
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

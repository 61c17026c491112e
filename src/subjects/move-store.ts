import type { AtRest } from '../database/at-rest.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import { isUniqueViolation } from '../database/connection.ts';
import type { Transaction } from '../database/connection.ts';
import { PseudonymTaken, sealContext } from './store.ts';
import type { PseudonymRow } from './store.ts';

/** A generation as it is moved from one user to another, with everything that stands beside it. */
export interface MovedRow extends Omit<PseudonymRow, 'sector' | 'user_index' | 'local_subject'> {
  readonly given_original: boolean | number | null;
}

/** Statements of some hundred rows: SQLite takes so many values, and MySQL so many bytes, at once. */
const ROWS_A_STATEMENT = 100;

/** A user's index as a key of maps. */
export function keyOf(userIndex: Uint8Array): string {
  return asBuffer(userIndex).toString('base64');
}

/** All generations of some users, oldest first, locked until the transaction ends. */
export async function lockGenerations(
  trx: Transaction,
  sector: string,
  users: readonly Uint8Array[],
): Promise<ReadonlyMap<string, readonly MovedRow[]>> {
  const rows = await trx('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', users.map(asBuffer))
    .orderBy(['user_index', 'generation'])
    .forUpdate()
    .select<(MovedRow & { user_index: Buffer })[]>(
      ...['user_index', 'generation', 'sub', 'salt_version', 'algorithm', 'created_at'],
      ...['retired_at', 'grace_until', 'given_original'],
    );
  return Map.groupBy(rows, (row) => keyOf(row.user_index));
}

/** Whose pseudonyms some values are, in any generation. */
export async function ownersOf(
  trx: Transaction,
  sector: string,
  values: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await trx('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn('sub', values.map(bytes))
    .select<{ user_index: Buffer; sub: Buffer }[]>('user_index', 'sub');
  return new Map(rows.map((row) => [text(row.sub), keyOf(row.user_index)]));
}

/** A user with the generations that are theirs from now on. */
export interface Rewritten {
  readonly userIndex: Uint8Array;
  readonly localSubject: string;
  readonly rows: readonly MovedRow[];
}

/**
 * Takes all generations of some users away and writes those of others.
 *
 * @throws {PseudonymTaken} where a login was first: begin the transaction again
 */
export async function rewriteGenerations(
  trx: Transaction,
  atRest: AtRest,
  sector: string,
  { gone, written }: { gone: readonly Uint8Array[]; written: readonly Rewritten[] },
): Promise<void> {
  await trx('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', gone.map(asBuffer))
    .del();
  const rows = written.flatMap(({ userIndex, localSubject, rows: generations }) =>
    generations.map((row) => {
      const context = sealContext({ sector, userIndex, generation: row.generation });
      return {
        ...{ sector: bytes(sector), user_index: asBuffer(userIndex), generation: row.generation },
        ...{ sub: asBuffer(row.sub), local_subject: atRest.seal(context, bytes(localSubject)) },
        ...{ salt_version: row.salt_version, algorithm: row.algorithm },
        ...{ created_at: row.created_at, retired_at: row.retired_at },
        ...{ grace_until: row.grace_until, given_original: row.given_original },
      };
    }),
  );
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

/** Tables whose rows go along, each with what makes a row of it one of a kind beside the user. */
const FOLLOWING = [
  { table: 'sessions', key: undefined },
  { table: 'subject_changes', key: undefined },
  { table: 'notices', key: 'client_id' },
  { table: 'given_subjects', key: 'client_id' },
] as const;

/** One user who becomes another in a sector. */
export interface Move {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Lets what else is kept of users go along with their pseudonyms. */
export async function moveFollowing(
  trx: Transaction,
  sector: string,
  moves: readonly Move[],
): Promise<void> {
  const targets = new Map(moves.map((move) => [keyOf(move.from), move.to]));
  for (const { table, key } of FOLLOWING) {
    for (const from of await indexesIn(trx, table, sector, moves)) {
      const to = targets.get(keyOf(from));
      if (to === undefined) continue;
      const own = { sector: bytes(sector), user_index: from };
      const theirs = { sector: bytes(sector), user_index: asBuffer(to) };
      if (key !== undefined) {
        const taken = await trx(table).where(theirs).select<Record<string, Buffer>[]>(key);
        const values = taken.flatMap((row) => row[key] ?? []);
        await trx(table).where(own).whereIn(key, values).del();
      }
      await trx(table).where(own).update({ user_index: theirs.user_index });
    }
  }
}

/**
 * Lets the audit log mean the same users; one whom it tells of already keeps that handle. Under the
 * head's lock, so behind everything but the entry itself.
 */
export async function moveHandles(
  trx: Transaction,
  sector: string,
  moves: readonly Move[],
): Promise<void> {
  const taken = new Set(
    (
      await indexesIn(
        ...([trx, 'audit_handles', sector] as const),
        moves.map(({ to }) => ({ from: to })),
      )
    ).map(keyOf),
  );
  const targets = new Map(moves.map((move) => [keyOf(move.from), move.to]));
  for (const from of await indexesIn(trx, 'audit_handles', sector, moves)) {
    const to = targets.get(keyOf(from));
    if (to === undefined) continue;
    const own = { sector: bytes(sector), user_index: from };
    if (taken.has(keyOf(to))) await trx('audit_handles').where(own).del();
    else
      await trx('audit_handles')
        .where(own)
        .update({ user_index: asBuffer(to) });
  }
}

async function indexesIn(
  trx: Transaction,
  table: string,
  sector: string,
  users: readonly Pick<Move, 'from'>[],
): Promise<readonly Buffer[]> {
  const rows = await trx(table)
    .where({ sector: bytes(sector) })
    .whereIn(
      'user_index',
      users.map(({ from }) => asBuffer(from)),
    )
    .distinct<{ user_index: Buffer }[]>('user_index');
  return rows.map((row) => row.user_index);
}

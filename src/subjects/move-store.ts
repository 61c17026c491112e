import type { AtRest } from '../database/at-rest.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { ORIGINAL_SUBJECT } from '../database/logout-sessions.ts';
import { insertPseudonymRows, sealContext } from './store.ts';
import type { PseudonymRow } from './store.ts';

/** A generation as it is moved from one user to another, with everything that stands beside it. */
export interface MovedRow extends Omit<PseudonymRow, 'sector' | 'user_index' | 'local_subject'> {
  readonly given_original: boolean | number | null;
  readonly last_used_day: number | null;
}

/** The generations of one user, the newest first. */
export type Line = [MovedRow, ...MovedRow[]];

/** A user's index as a key of maps. */
export function keyOf(userIndex: Uint8Array): string {
  return asBuffer(userIndex).toString('base64');
}

/** All generations of some users who have any, locked until the transaction ends. */
export async function lockGenerations(
  trx: Transaction,
  sector: string,
  users: readonly Uint8Array[],
): Promise<ReadonlyMap<string, Readonly<Line>>> {
  const rows = await trx('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', users.map(asBuffer))
    .orderBy('generation', 'desc')
    .forUpdate()
    .select<(MovedRow & { user_index: Buffer })[]>(
      ...['user_index', 'generation', 'sub', 'salt_version', 'algorithm', 'created_at'],
      ...['retired_at', 'grace_until', 'given_original', 'last_used_day', 'known_only_in'],
    );
  const lines = new Map<string, Line>();
  for (const row of rows) {
    const key = keyOf(row.user_index);
    const line = lines.get(key);
    if (line === undefined) lines.set(key, [row]);
    else line.push(row);
  }
  return lines;
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
  await deleteGenerations(trx, sector, gone);
  const rows = written.flatMap(({ userIndex, localSubject, rows: generations }) =>
    generations.map((row) => {
      const context = sealContext({ sector, userIndex, generation: row.generation });
      return {
        ...{ sector: bytes(sector), user_index: asBuffer(userIndex), generation: row.generation },
        ...{ sub: asBuffer(row.sub), local_subject: atRest.seal(context, bytes(localSubject)) },
        ...{ salt_version: row.salt_version, algorithm: row.algorithm },
        ...{ created_at: row.created_at, retired_at: row.retired_at },
        ...{ grace_until: row.grace_until, given_original: row.given_original },
        ...{ last_used_day: row.last_used_day, known_only_in: row.known_only_in },
      };
    }),
  );
  await insertPseudonymRows(trx, rows);
}

/** Takes all generations of some users away. */
export async function deleteGenerations(
  trx: Transaction,
  sector: string,
  users: readonly Uint8Array[],
): Promise<void> {
  if (users.length === 0) return;
  await trx('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', users.map(asBuffer))
    .del();
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
  for (const { table, key } of FOLLOWING) {
    const present = await keysIn(
      ...([trx, table, sector] as const),
      moves.map(({ from }) => from),
    );
    for (const { from, to } of moves) {
      if (!present.has(keyOf(from))) continue;
      const own = { sector: bytes(sector), user_index: asBuffer(from) };
      const theirs = { sector: bytes(sector), user_index: asBuffer(to) };
      if (key !== undefined) {
        const taken = await trx(table).where(theirs).pluck<Buffer[]>(key);
        await trx(table).where(own).whereIn(key, taken).del();
      }
      if (table === 'sessions') await forgetOriginal(trx, own);
      await trx(table).where(own).update({ user_index: theirs.user_index });
    }
  }
}

/** That the vendor was given the original subject was said of the old name, and not of the new. */
async function forgetOriginal(
  trx: Transaction,
  user: { readonly sector: Buffer; readonly user_index: Buffer },
): Promise<void> {
  await trx('sessions')
    .where({ ...user, released_sub: bytes(ORIGINAL_SUBJECT) })
    .update({ released_sub: null });
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
  const told = await keysIn(
    ...([trx, 'audit_handles', sector] as const),
    moves.flatMap(({ from, to }) => [from, to]),
  );
  for (const { from, to } of moves) {
    if (!told.has(keyOf(from))) continue;
    const own = { sector: bytes(sector), user_index: asBuffer(from) };
    if (told.has(keyOf(to))) await trx('audit_handles').where(own).del();
    else
      await trx('audit_handles')
        .where(own)
        .update({ user_index: asBuffer(to) });
  }
}

/** Those of some users who stand in a table, as keys of maps. */
export async function keysIn(
  trx: Transaction,
  table: string,
  sector: string,
  users: readonly Uint8Array[],
): Promise<ReadonlySet<string>> {
  const rows = await trx(table)
    .where({ sector: bytes(sector) })
    .whereIn('user_index', users.map(asBuffer))
    .distinct<{ user_index: Buffer }[]>('user_index');
  return new Set(rows.map((row) => keyOf(row.user_index)));
}

import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { ORIGINAL_SUBJECT } from '../database/logout-sessions.ts';
import { checkLocalSubject } from './local-subject.ts';
import { mintReleasedSubject } from './released.ts';
import type { ReleasedSubject } from './released.ts';

/** An old subject with the one that took its place. */
export type Mapping = ReadonlyMap<string, ReleasedSubject>;

interface NewestRow {
  readonly user_index: Buffer;
  readonly generation: number;
  readonly sub: Buffer;
}

/**
 * The new subjects of users whom a vendor names by old ones: by the original
 * subject, where the vendor was given it at a login or an operator imported the
 * user as one whom it has; or by a pseudonym that was replaced and is in its grace.
 * All others are left out, whether they exist or not, and nobody gets a pseudonym by this.
 *
 * @param olds at most some thousands
 */
export async function mapSubjects(
  connection: Connection | Transaction,
  indexRoot: Uint8Array,
  sector: string,
  olds: readonly string[],
  now: Date,
): Promise<Mapping> {
  const usable = [...new Set(olds)].filter((old) => checkLocalSubject(old).ok);
  const namedBy = new Map(usable.map((old) => [old, indexUser(indexRoot, sector, old)]));
  const given = await givenUsers(connection, sector, [...namedBy.values()]);
  const replaced = await replacedBy(connection, sector, usable, now);
  const users = new Map<string, Buffer>();
  for (const [old, index] of namedBy) {
    const byOriginal = given.has(keyOf(index)) ? index : undefined;
    const byPseudonym = replaced.get(old);
    // One value for two users says nothing of either.
    if (byOriginal && byPseudonym && !byOriginal.equals(byPseudonym)) continue;
    const user = byOriginal ?? byPseudonym;
    if (user !== undefined) users.set(old, user);
  }
  const newest = await newestOf(connection, sector, [...users.values()]);
  return new Map(
    [...users].flatMap(([old, user]) => {
      const sub = newest.get(keyOf(user));
      return sub === undefined ? [] : [[old, mintReleasedSubject(sub)] as const];
    }),
  );
}

/** Which of some users the vendor of a sector was given under the original subject. */
export async function givenUsers(
  connection: Connection | Transaction,
  sector: string,
  users: readonly Uint8Array[],
): Promise<ReadonlySet<string>> {
  const keys = users.map(asBuffer);
  const imported = await connection('pseudonyms')
    .where({ sector: bytes(sector), given_original: true })
    .whereIn('user_index', keys)
    .select<{ user_index: Buffer }[]>('user_index');
  const loggedIn = await connection('sessions')
    .where({ sector: bytes(sector), released_sub: bytes(ORIGINAL_SUBJECT) })
    .whereIn('user_index', keys)
    .select<{ user_index: Buffer }[]>('user_index');
  return new Set([...imported, ...loggedIn].map((row) => keyOf(row.user_index)));
}

/** Whether the vendor of a sector has any user under the original subject. */
export async function hasOriginals(db: Connection, sector: string): Promise<boolean> {
  const where = { sector: bytes(sector) };
  const found =
    (await db('pseudonyms')
      .where({ ...where, given_original: true })
      .first('sub')) ??
    (await db('sessions')
      .where({ ...where, released_sub: bytes(ORIGINAL_SUBJECT) })
      .first('grant_id'));
  return found !== undefined;
}

/** A user's index as the members of {@link givenUsers} are written. */
export function keyOf(userIndex: Uint8Array): string {
  return asBuffer(userIndex).toString('base64');
}

async function replacedBy(
  connection: Connection | Transaction,
  sector: string,
  olds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, Buffer>> {
  const rows = await connection('subject_changes')
    .where({ sector: bytes(sector) })
    .whereIn('old_sub', olds.map(bytes))
    .andWhere('expires_at', '>', now.getTime())
    .select<{ old_sub: Buffer; user_index: Buffer }[]>('old_sub', 'user_index');
  return new Map(rows.map((row) => [text(row.old_sub), row.user_index]));
}

async function newestOf(
  connection: Connection | Transaction,
  sector: string,
  users: readonly Buffer[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await connection('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', users)
    .orderBy('generation')
    .select<NewestRow[]>('user_index', 'generation', 'sub');
  return new Map(rows.map((row) => [keyOf(row.user_index), text(row.sub)]));
}

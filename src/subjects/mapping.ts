import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { readLink, subjectSectors } from '../database/sector-links.ts';
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
  const given = await givenNames(connection, indexRoot, sector, usable);
  const found: Map<string, string | undefined> = new Map();
  // Where the sector is linked, a user is in the one or in the other.
  for (const each of await subjectSectors(connection, sector)) {
    for (const [old, sub] of await mapIn(connection, indexRoot, each, {
      olds: usable,
      given,
      now,
    })) {
      // One value for two users says nothing of either.
      found.set(old, found.has(old) && found.get(old) !== sub ? undefined : sub);
    }
  }
  return new Map(
    [...found].flatMap(([old, sub]) => {
      return sub === undefined ? [] : [[old, mintReleasedSubject(sub)] as const];
    }),
  );
}

/** The new subjects in one sector; undefined for a value that stands for two users. */
async function mapIn(
  connection: Connection | Transaction,
  indexRoot: Uint8Array,
  sector: string,
  { olds, given, now }: { olds: readonly string[]; given: ReadonlySet<string>; now: Date },
): Promise<ReadonlyMap<string, string | undefined>> {
  const replaced = await replacedBy(connection, sector, olds, now);
  const users = new Map<string, Buffer>();
  const unclear: string[] = [];
  for (const old of olds) {
    const byOriginal = given.has(old) ? indexUser(indexRoot, sector, old) : undefined;
    const byPseudonym = replaced.get(old);
    if (byOriginal && byPseudonym && !byOriginal.equals(byPseudonym)) {
      unclear.push(old);
      continue;
    }
    const user = byOriginal ?? byPseudonym;
    if (user !== undefined) users.set(old, user);
  }
  const newest = await newestOf(connection, sector, [...users.values()]);
  return new Map([
    ...unclear.map((old) => [old, undefined] as const),
    ...[...users].flatMap(([old, user]) => {
      const sub = newest.get(keyOf(user));
      return sub === undefined ? [] : [[old, sub] as const];
    }),
  ]);
}

/** Of some local subjects those that the vendor of a sector was given. */
export async function givenNames(
  connection: Connection | Transaction,
  indexRoot: Uint8Array,
  sector: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const link = await readLink(connection, sector);
  // What another vendor was given is not this one's to know.
  const isShared = link !== undefined && link.mode !== 'checking' && !link.betweenVendors;
  const found = new Set<string>();
  for (const each of isShared ? [sector, link.into] : [sector]) {
    const indexes = new Map(names.map((name) => [name, indexUser(indexRoot, each, name)]));
    const given = await givenUsers(connection, each, [...indexes.values()]);
    for (const [name, index] of indexes) if (given.has(keyOf(index))) found.add(name);
  }
  return found;
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
function keyOf(userIndex: Uint8Array): string {
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

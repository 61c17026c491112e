import type { Transaction } from '../database/connection.ts';
import { keyedHash } from '../keyed-hash.ts';

/** Of whom a tombstone speaks; never stored. */
interface ErasedUser {
  readonly sector: string;
  readonly localSubject: string;
}

/** The generation that an erased user's next pseudonym has; undefined: there is no tombstone. */
export async function nextGeneration(
  trx: Transaction,
  root: Uint8Array,
  user: ErasedUser,
): Promise<number | undefined> {
  const row = await trx('tombstones')
    .where({ hash: hashOf(root, user) })
    .first<{ generation: number } | undefined>('generation');
  return row?.generation;
}

/** Which of some users of a sector were erased. */
export async function erasedAmong<T extends Pick<ErasedUser, 'localSubject'>>(
  trx: Transaction,
  root: Uint8Array,
  sector: string,
  users: readonly T[],
): Promise<ReadonlySet<T>> {
  // Nobody was ever erased: the usual case, and nothing to compute.
  const isEmpty = (await trx('tombstones').first('generation')) === undefined;
  if (isEmpty || users.length === 0) return new Set();
  const hashed = users.map((user) => {
    return { user, hash: hashOf(root, { sector, localSubject: user.localSubject }) };
  });
  const hashes = hashed.map(({ hash }) => hash);
  const rows = await trx('tombstones').whereIn('hash', hashes).select<{ hash: Buffer }[]>('hash');
  const erased = new Set(rows.map(({ hash }) => hash.toString('base64')));
  return new Set(
    hashed.filter(({ hash }) => erased.has(hash.toString('base64'))).map(({ user }) => user),
  );
}

/** {@link leaveTombstone} for many users of a sector. */
export async function leaveTombstones(
  trx: Transaction,
  root: Uint8Array,
  sector: string,
  users: readonly { readonly localSubject: string; readonly generation: number }[],
): Promise<void> {
  if (users.length === 0) return;
  const rows = users.map(({ localSubject, generation }) => {
    return { hash: hashOf(root, { sector, localSubject }), generation };
  });
  await trx('tombstones').insert(rows).onConflict('hash').merge();
}

/** Leaves a tombstone: the user's next pseudonym, if there ever is one, has this generation. */
export async function leaveTombstone(
  trx: Transaction,
  root: Uint8Array,
  user: ErasedUser,
  generation: number,
): Promise<void> {
  const hash = hashOf(root, user);
  await trx('tombstones').insert({ hash, generation }).onConflict('hash').merge();
}

/** Under a root of its own, so that nobody can compare it with the indexes of users who are there. */
function hashOf(root: Uint8Array, { sector, localSubject }: ErasedUser): Buffer {
  return keyedHash(root, 'tombstone', sector, localSubject);
}

import type { AtRest } from '../database/at-rest.ts';
import { userIndex } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { insertMany } from '../database/insert-many.ts';
import type { SectorUser } from './store.ts';

/** What reading and writing the names of users needs. */
export interface NameKeys {
  readonly atRest: AtRest;
  /** The root of the blind indexes. */
  readonly indexRoot: Uint8Array;
}

/** A user whom the provider calls otherwise from now on. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** Until when a former name means the same user, and until when it is kept. */
export interface NameTimes {
  readonly graceUntil: Date;
  readonly expiresAt: Date;
}

/** A renaming that stands. */
export interface StandingName extends Renaming {
  readonly graceUntil: Date;
}

interface Row {
  readonly former_hash: Buffer;
  readonly former: Buffer;
  readonly present: Buffer;
  readonly grace_until: number | string;
}

/** What a user is called now whom the provider still calls by a former name; undefined: it is none. */
export async function presentName(
  connection: Connection | Transaction,
  { atRest, indexRoot }: NameKeys,
  localSubject: string,
  now: Date,
): Promise<string | undefined> {
  const hash = formerHash(indexRoot, localSubject);
  const row = await connection('former_names')
    .where({ former_hash: hash })
    .andWhere('grace_until', '>', now.getTime())
    .first<Row | undefined>('present');
  return row && text(atRest.open(place('present', hash), row.present));
}

/**
 * Whether nobody has made a name a former one, waiting for whoever is about to.
 * Asked behind the insertion of a pseudonym: a renaming notes the name first and
 * reads pseudonyms then, so that one of the two sees the other.
 */
export async function isStillPresent(
  trx: Transaction,
  { indexRoot }: Pick<NameKeys, 'indexRoot'>,
  localSubject: string,
  now: Date,
): Promise<boolean> {
  const row = await trx('former_names')
    .where({ former_hash: formerHash(indexRoot, localSubject) })
    .forUpdate()
    .first<{ grace_until: number | string } | undefined>('grace_until');
  return row === undefined || Number(row.grace_until) <= now.getTime();
}

/** Everything that a user is or was called. */
export interface UserNames {
  /** The present name first, then the former ones that still mean this user. */
  readonly names: readonly [string, ...string[]];
  /** Former names whose grace is over: anybody may be called so today. */
  readonly past: readonly string[];
}

/** All names of the user whom the provider calls this, or called so within the grace. */
export async function namesOf(
  connection: Connection | Transaction,
  keys: NameKeys,
  localSubject: string,
  now: Date,
): Promise<UserNames> {
  const present = (await presentName(connection, keys, localSubject, now)) ?? localSubject;
  const rows = await connection('former_names')
    .where({ present_hash: presentHash(keys.indexRoot, present) })
    .select<Row[]>('former_hash', 'former', 'grace_until');
  const isStanding = (row: Row): boolean => Number(row.grace_until) > now.getTime();
  const opened = (row: Row): string => {
    return text(keys.atRest.open(place('former', row.former_hash), row.former));
  };
  return {
    names: [present, ...rows.filter(isStanding).map(opened)],
    past: rows.filter((row) => !isStanding(row)).map(opened),
  };
}

/**
 * Whether a name, former or present, is another one of a user: not the one that their index is
 * of. Not where the grace is over: the index may be that of somebody else then.
 */
export async function isNameOf(
  connection: Connection,
  keys: NameKeys & { readonly clock: () => Date },
  localSubject: string,
  { sector, userIndex: sought }: SectorUser,
): Promise<boolean> {
  const { names } = await namesOf(connection, keys, localSubject, keys.clock());
  return names.some((name) => userIndex(keys.indexRoot, sector, name).equals(sought));
}

/** Of some names those that are former ones, locked until the transaction ends. */
export async function lockFormerNames(
  trx: Transaction,
  { atRest, indexRoot }: NameKeys,
  names: readonly string[],
): Promise<ReadonlyMap<string, StandingName>> {
  const rows = await trx('former_names')
    .whereIn(
      'former_hash',
      names.map((name) => formerHash(indexRoot, name)),
    )
    .forUpdate()
    .select<Row[]>('former_hash', 'former', 'present', 'grace_until');
  return new Map(
    rows.map((row) => {
      const from = text(atRest.open(place('former', row.former_hash), row.former));
      const to = text(atRest.open(place('present', row.former_hash), row.present));
      return [from, { from, to, graceUntil: new Date(Number(row.grace_until)) }] as const;
    }),
  );
}

/** Of some names those by which somebody is called who was called otherwise, within the grace. */
export async function renamedTo(
  trx: Transaction,
  { indexRoot }: Pick<NameKeys, 'indexRoot'>,
  names: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const hashed = names.map((name) => ({ name, hash: presentHash(indexRoot, name) }));
  const rows = await trx('former_names')
    .whereIn(
      'present_hash',
      hashed.map(({ hash }) => hash),
    )
    .andWhere('grace_until', '>', now.getTime())
    .distinct<{ present_hash: Buffer }[]>('present_hash');
  const found = new Set(rows.map((row) => row.present_hash.toString('hex')));
  const isFound = ({ hash }: { readonly hash: Buffer }) => found.has(hash.toString('hex'));
  return new Set(hashed.filter(isFound).map(({ name }) => name));
}

/**
 * Makes names former ones. What was called so before by somebody else is theirs no more, and who
 * came to a name by an earlier renaming goes along. The unique key lets one of two writers win.
 *
 * @param locked former names that {@link lockFormerNames} found in this transaction. Any other
 *   was noted by a writer that was first meanwhile: it stays, and the unique key shows it.
 */
export async function noteFormerNames(
  trx: Transaction,
  keys: NameKeys,
  renamings: readonly Renaming[],
  locked: ReadonlyMap<string, StandingName>,
  times: NameTimes,
): Promise<void> {
  const { indexRoot } = keys;
  const names = renamings.flatMap(({ from, to }) => [from, to]);
  const passing = names.filter((name) => locked.has(name));
  await forgetFormerNames(trx, keys, passing);
  const targets = renamings.map(({ from, to }) => ({ hash: presentHash(indexRoot, from), to }));
  const earlier = await trx('former_names')
    .whereIn(
      'present_hash',
      targets.map(({ hash }) => hash),
    )
    .select<{ former_hash: Buffer; present_hash: Buffer }[]>('former_hash', 'present_hash');
  const formerOf = Map.groupBy(earlier, (row) => row.present_hash.toString('hex'));
  for (const { hash, to } of targets) {
    for (const { former_hash: former } of formerOf.get(hash.toString('hex')) ?? []) {
      await trx('former_names')
        .where({ former_hash: former })
        .update(presentColumns(keys, former, to));
    }
  }
  const rows = renamings.map(({ from, to }) => {
    const hash = formerHash(indexRoot, from);
    return {
      former_hash: hash,
      former: keys.atRest.seal(place('former', hash), bytes(from)),
      ...presentColumns(keys, hash, to),
      grace_until: times.graceUntil.getTime(),
      expires_at: times.expiresAt.getTime(),
    };
  });
  await insertMany(trx, 'former_names', rows);
}

/** Forgets that these were names of anybody. */
export async function forgetFormerNames(
  trx: Transaction,
  { indexRoot }: Pick<NameKeys, 'indexRoot'>,
  names: readonly string[],
): Promise<void> {
  await trx('former_names')
    .whereIn(
      'former_hash',
      names.map((name) => formerHash(indexRoot, name)),
    )
    .del();
}

function presentColumns({ atRest, indexRoot }: NameKeys, hash: Uint8Array, to: string) {
  return {
    present_hash: presentHash(indexRoot, to),
    present: atRest.seal(place('present', hash), bytes(to)),
  };
}

/** Of no sector, so that it shows no row of a user anywhere. */
function formerHash(indexRoot: Uint8Array, localSubject: string): Buffer {
  return userIndex(indexRoot, 'former name', localSubject);
}

function presentHash(indexRoot: Uint8Array, localSubject: string): Buffer {
  return userIndex(indexRoot, 'present name', localSubject);
}

function place(column: 'former' | 'present', hash: Uint8Array) {
  return { table: 'former_names', column, row: asBuffer(hash).toString('hex') };
}

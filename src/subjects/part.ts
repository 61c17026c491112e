import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import type { SectorLink } from '../database/sector-links.ts';
import type { CarryTimes } from './carry.ts';
import { moveRows } from './carry.ts';
import { recordSubjectChanges } from './changed.ts';
import type { SubjectChange } from './changed.ts';
import { anotherPseudonym } from './derive.ts';
import { deleteGenerations, keyOf, lockGenerations, rewriteGenerations } from './move-store.ts';
import type { Line, MovedRow, Rewritten } from './move-store.ts';
import type { Mover } from './move.ts';
import { erasedAmong, leaveTombstones } from './tombstones.ts';

/** What became of some users. */
export interface Parted {
  /** The linked sector alone knew them: it has their pseudonym again, and the other none. */
  readonly returned: number;
  /** Both sectors knew them: they have another in the linked one, or the same in both. */
  readonly parted: number;
}

/**
 * Gives users whom a linked sector knows pseudonyms of their own there again. One that it alone
 * knew goes back. One that both sectors know stays in the other; the linked sector gets a new
 * one for it, or keeps the same, as the link says. Users whom the linked sector does not know
 * are left alone.
 */
export async function partUsers(
  trx: Transaction,
  { atRest, indexRoot, tombstoneRoot }: Mover,
  link: SectorLink,
  names: readonly string[],
  times: CarryTimes,
): Promise<Parted> {
  const { sector, into } = link;
  const users = names.map((localSubject) => ({
    ...{ localSubject, index: indexUser(indexRoot, sector, localSubject) },
    shared: indexUser(indexRoot, into, localSubject),
  }));
  const lines = await lockGenerations(
    ...([trx, into] as const),
    users.map(({ shared }) => shared),
  );
  const parted = await lockGenerations(
    ...([trx, sector] as const),
    users.map(({ index }) => index),
  );
  const left = users.flatMap((user) => {
    const line = lines.get(keyOf(user.shared));
    return line === undefined || parted.has(keyOf(user.index)) ? [] : [{ ...user, line }];
  });
  const clients = await trx('clients')
    .where({ sector: bytes(sector) })
    .pluck<Buffer[]>('client_id');
  const given = await firstGiven(
    ...([trx, into, clients] as const),
    left.map(({ shared }) => shared),
  );
  // Whose pseudonym was carried over left a tombstone, whether or not anybody came since.
  const carried = await erasedAmong(trx, tombstoneRoot, sector, left);
  const gone: { readonly localSubject: string; readonly generation: number }[] = [];
  const taken: Uint8Array[] = [];
  const written: Rewritten[] = [];
  const changes: SubjectChange[] = [];
  for (const user of left) {
    const { line } = user;
    const first = given.get(keyOf(user.shared));
    const isReturned = line.every((row) => knownOnlyIn(row) === sector);
    if (!isReturned && first === undefined && !carried.has(user)) continue;
    const rows = isReturned
      ? unmarkedLine(line)
      : partedRows(link, line, first ?? line[0].generation, times);
    written.push({ userIndex: user.index, localSubject: user.localSubject, rows });
    if (isReturned) {
      taken.push(user.shared);
      gone.push({ localSubject: user.localSubject, generation: 1 + line[0].generation });
    } else {
      changes.push(...changesOf({ sector, userIndex: user.index }, rows, times.at));
    }
    const target = { into: sector, to: user.index };
    const source = { sector: into, from: user.shared };
    if (first !== undefined) await moveRows(trx, 'given_subjects', source, target, clients);
    if (isReturned) await moveRows(trx, 'subject_changes', source, target);
  }
  await deleteGenerations(trx, into, taken);
  await leaveTombstones(trx, tombstoneRoot, into, gone);
  await rewriteGenerations(trx, atRest, sector, { gone: [], written });
  await recordSubjectChanges(trx, changes);
  return { returned: taken.length, parted: written.length - taken.length };
}

/** The first generation that any of some clients was given, by user. */
async function firstGiven(
  trx: Transaction,
  sector: string,
  clients: readonly Buffer[],
  users: readonly Uint8Array[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await trx('given_subjects')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', users.map(asBuffer))
    .whereIn('client_id', clients)
    .groupBy('user_index')
    .min({ first: 'generation' })
    .select<{ user_index: Buffer; first: number }[]>('user_index');
  return new Map(rows.map((row) => [keyOf(row.user_index), row.first]));
}

function knownOnlyIn({ known_only_in: sector }: MovedRow): string | undefined {
  return sector === null ? undefined : text(sector);
}

function unmarked(row: MovedRow): MovedRow {
  return { ...row, known_only_in: null };
}

function unmarkedLine([newest, ...earlier]: Readonly<Line>): Line {
  return [unmarked(newest), ...earlier.map(unmarked)];
}

/** What the linked sector has of a user whom both know: what it was given and still resolves. */
function partedRows(
  { keeps, betweenVendors }: SectorLink,
  [current, ...earlier]: Readonly<Line>,
  first: number,
  { at, graceUntil }: CarryTimes,
): Readonly<Line> {
  const resolving = earlier.filter(
    (row) => row.generation >= first && row.grace_until !== null && row.grace_until > at.getTime(),
  );
  const own = (row: MovedRow): MovedRow => ({
    ...unmarked(row),
    ...(betweenVendors && { given_original: null }),
  });
  const newest = own(current);
  const older = resolving.map(own);
  if (keeps) return [newest, ...older];
  const { sub, algorithm, saltVersion } = anotherPseudonym();
  const made = {
    ...{ ...newest, generation: newest.generation + 1, sub: bytes(sub), algorithm },
    ...{ salt_version: saltVersion, created_at: at.getTime(), last_used_day: null },
  };
  const times = { retired_at: at.getTime(), grace_until: graceUntil.getTime() };
  return [made, { ...newest, ...times }, ...older];
}

/** Each pseudonym that still resolves, with the one that took its place. */
function changesOf(
  user: Pick<SubjectChange, 'sector' | 'userIndex'>,
  [newest, ...older]: Readonly<Line>,
  at: Date,
): readonly SubjectChange[] {
  return older.map((row) => ({
    ...{ ...user, oldSub: text(row.sub), newSub: text(newest.sub), at },
    graceUntil: new Date(row.grace_until ?? at.getTime()),
  }));
}

import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { recordSubjectChanges } from './changed.ts';
import type { SubjectChange } from './changed.ts';
import {
  deleteGenerations,
  keyOf,
  keysIn,
  lockGenerations,
  rewriteGenerations,
} from './move-store.ts';
import type { Line, Move, MovedRow, Rewritten } from './move-store.ts';
import { merge } from './move.ts';
import type { Mover } from './move.ts';
import { leaveTombstones } from './tombstones.ts';

/** When pseudonyms change, and until when one resolves whose place another takes. */
export interface CarryTimes {
  readonly at: Date;
  readonly graceUntil: Date;
}

/** What became of some users. */
export interface Carried {
  /** Had a pseudonym in the linked sector. */
  readonly carried: number;
  /** Had one in both. */
  readonly merged: number;
}

/**
 * Makes the pseudonyms that users have in a linked sector theirs in the one that it is linked
 * into. Who has one there too keeps that of the preferred sector; the other resolves for the
 * grace. What the linked sector keeps of them beside that stays there.
 *
 * @throws {PseudonymTaken} where a login was first: begin the transaction again
 */
export async function carryUsers(
  trx: Transaction,
  { atRest, indexRoot, tombstoneRoot }: Mover,
  link: SectorLink,
  names: readonly string[],
  times: CarryTimes,
): Promise<Carried> {
  const { sector, into } = link;
  const wanted = names.map((localSubject) => ({
    ...{ localSubject, from: indexUser(indexRoot, sector, localSubject) },
    to: indexUser(indexRoot, into, localSubject),
  }));
  const lines = await lockGenerations(
    ...([trx, sector] as const),
    wanted.map(({ from }) => from),
  );
  const moves = wanted.flatMap((move) => {
    const line = lines.get(keyOf(move.from));
    return line === undefined ? [] : [{ ...move, line }];
  });
  if (moves.length === 0) return { carried: 0, merged: 0 };
  const own = await lockGenerations(
    ...([trx, into] as const),
    moves.map(({ to }) => to),
  );
  const written: Rewritten[] = [];
  const changes: SubjectChange[] = [];
  const shifted: (Shift & Move)[] = [];
  for (const move of moves) {
    const theirs = own.get(keyOf(move.to));
    const brought = lineOf(move.line, (row) => broughtAlong(row, link));
    const joined =
      theirs === undefined
        ? { rows: lineOf(brought, (row) => ({ ...row, known_only_in: bytes(sector) })) }
        : join(link, brought, lineOf(theirs, known), times);
    written.push({ userIndex: move.to, localSubject: move.localSubject, rows: joined.rows });
    if ('change' in joined && joined.change !== undefined) {
      changes.push({ sector: into, userIndex: move.to, ...joined.change });
    }
    if ('shift' in joined) shifted.push({ ...move, ...joined });
  }
  const merged = moves.filter(({ to }) => own.has(keyOf(to))).map(({ to }) => to);
  await deleteGenerations(
    ...([trx, sector] as const),
    moves.map(({ from }) => from),
  );
  await rewriteGenerations(trx, atRest, into, { gone: merged, written });
  await shiftGiven(trx, link, shifted);
  await moveKept(trx, link, moves);
  await recordSubjectChanges(trx, changes);
  // Nobody is given there again what would be derived again, after the end of the link.
  const tombstones = moves.map(({ localSubject, line: [newest] }) => {
    return { localSubject, generation: 1 + newest.generation };
  });
  await leaveTombstones(trx, tombstoneRoot, sector, tombstones);
  return { carried: moves.length, merged: merged.length };
}

/** Rows of a line, each changed. */
function lineOf([newest, ...earlier]: Readonly<Line>, change: (row: MovedRow) => MovedRow): Line {
  return [change(newest), ...earlier.map(change)];
}

/** That one vendor was given the original subject says nothing of the other. */
function broughtAlong(row: MovedRow, { betweenVendors }: SectorLink): MovedRow {
  return betweenVendors ? { ...row, given_original: null } : row;
}

function known(row: MovedRow): MovedRow {
  return { ...row, known_only_in: null };
}

/** How the generations move that clients were given first. */
interface Shift {
  /** Added to those that clients of the kept line were given. */
  readonly shift: number;
}

interface Joined extends Shift {
  readonly rows: readonly MovedRow[];
  readonly change: Pick<SubjectChange, 'oldSub' | 'newSub' | 'at' | 'graceUntil'> | undefined;
}

/** Both lines of a user as one. A value that stands in both stays where it is kept. */
function join(
  { prefersLinked }: SectorLink,
  brought: Readonly<Line>,
  theirs: Readonly<Line>,
  times: CarryTimes,
): Joined {
  const [retired, line] = prefersLinked ? [theirs, brought] : [brought, theirs];
  const values = new Set(line.map(({ sub }) => text(sub)));
  const [newest, ...earlier] = retired.filter(({ sub }) => !values.has(text(sub)));
  if (newest === undefined) return { rows: line, shift: 0, change: undefined };
  const { rows, shift, change } = merge([[newest, ...earlier], line], times);
  const wasCurrent = newest === retired[0];
  return { rows, shift, change: wasCurrent ? change : undefined };
}

/** Lets clients of the line that is kept have been given the same pseudonyms as before. */
async function shiftGiven(
  trx: Transaction,
  { sector, into, prefersLinked }: SectorLink,
  shifts: readonly (Shift & Move)[],
): Promise<void> {
  const within = prefersLinked ? sector : into;
  const shifted = shifts
    .filter(({ shift }) => shift > 0)
    .map(({ from, to, shift }) => ({ shift, user: prefersLinked ? from : to }));
  const users = shifted.map(({ user }) => user);
  const present = await keysIn(trx, 'given_subjects', within, users);
  for (const { user, shift } of shifted) {
    if (!present.has(keyOf(user))) continue;
    await trx('given_subjects')
      .where({ sector: bytes(within), user_index: asBuffer(user) })
      .increment('generation', shift);
  }
}

/** Lets what is kept beside pseudonyms, to tell clients of changes, go along with them. */
async function moveKept(
  trx: Transaction,
  { sector, into }: SectorLink,
  moves: readonly Move[],
): Promise<void> {
  const users = moves.map(({ from }) => from);
  for (const table of ['given_subjects', 'subject_changes'] as const) {
    const present = await keysIn(trx, table, sector, users);
    for (const { from, to } of moves) {
      if (present.has(keyOf(from))) await moveRows(trx, table, { sector, from }, { into, to });
    }
  }
}

/** Makes rows of a user in one sector theirs in another. */
export async function moveRows(
  trx: Transaction,
  table: 'given_subjects' | 'subject_changes',
  { sector, from }: { readonly sector: string; readonly from: Uint8Array },
  { into, to }: { readonly into: string; readonly to: Uint8Array },
  clients?: readonly Buffer[],
): Promise<void> {
  const rows = () => {
    const query = trx(table).where({ sector: bytes(sector), user_index: asBuffer(from) });
    return clients === undefined ? query : query.whereIn('client_id', clients);
  };
  const theirs = { sector: bytes(into), user_index: asBuffer(to) };
  if (table === 'given_subjects') {
    const taken = await trx(table).where(theirs).pluck<Buffer[]>('client_id');
    if (taken.length > 0) await rows().whereIn('client_id', taken).del();
  }
  await rows().update(theirs);
}

import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { recordSubjectChanges } from './changed.ts';
import type { SubjectChange } from './changed.ts';
import type { NameKeys, Renaming } from './former-names.ts';
import {
  keyOf,
  lockGenerations,
  moveFollowing,
  ownersOf,
  rewriteGenerations,
} from './move-store.ts';
import type { Line, Move, MovedRow, Rewritten } from './move-store.ts';
import { leaveTombstone } from './tombstones.ts';

/** Whose pseudonym stays the newest where both names have one. */
export type Preferred = 'old' | 'new';

/** How users are moved from one name to another. */
export interface MoveSettings {
  readonly at: Date;
  /** Until when a pseudonym resolves that another one of the same user took the place of. */
  readonly graceUntil: Date;
  /** Undefined: whoever has one under both names is not moved. */
  readonly prefer: Preferred | undefined;
}

/** What moving needs to know of the installation. */
export interface Mover extends NameKeys {
  /** The root of what stays of former names. */
  readonly tombstoneRoot: Uint8Array;
}

/** Why a user cannot be moved. */
export type MoveProblem = 'both_have_pseudonyms' | 'name_is_pseudonym';

/** What became of users in one sector; with problems, what was written must not stay. */
export interface MovedInSector {
  /** Everybody's indexes under the old name and the new. */
  readonly moves: readonly Move[];
  /** How many had a pseudonym. */
  readonly moved: number;
  readonly merged: number;
  readonly problems: ReadonlyMap<Renaming, MoveProblem>;
}

/**
 * Makes the pseudonyms that users of a sector have under one name theirs under
 * another, every generation, with all that is kept beside them.
 *
 * @throws {PseudonymTaken} where a login was first: begin the transaction again
 */
export async function moveInSector(
  trx: Transaction,
  { atRest, indexRoot, tombstoneRoot }: Mover,
  sector: string,
  renamings: readonly Renaming[],
  settings: MoveSettings,
): Promise<MovedInSector> {
  const wanted = renamings.map((renaming) => ({
    ...{ renaming, from: indexUser(indexRoot, sector, renaming.from) },
    to: indexUser(indexRoot, sector, renaming.to),
  }));
  const users = wanted.flatMap(({ from, to }) => [from, to]);
  const standing = await lockGenerations(trx, sector, users);
  const names = renamings.map(({ to }) => to);
  const owners = await ownersOf(trx, sector, names);
  const problems = new Map<Renaming, MoveProblem>();
  const written: Rewritten[] = [];
  const changes: SubjectChange[] = [];
  let merged = 0;
  for (const { renaming, from, to } of wanted) {
    const owner = owners.get(renaming.to);
    if (owner !== undefined && owner !== keyOf(from) && owner !== keyOf(to)) {
      problems.set(renaming, 'name_is_pseudonym');
      continue;
    }
    const [line, own] = [standing.get(keyOf(from)), standing.get(keyOf(to))];
    if (line === undefined) continue;
    const [newest, ...earlier] = line;
    const old: Line = [notGiven(newest), ...earlier.map(notGiven)];
    let rows: readonly MovedRow[] = old;
    if (own !== undefined) {
      if (settings.prefer === undefined) {
        problems.set(renaming, 'both_have_pseudonyms');
        continue;
      }
      const result = merge(settings.prefer === 'old' ? [own, old] : [old, own], settings);
      rows = result.rows;
      await mergeGiven(trx, sector, { from, to }, { ...settings, shift: result.shift });
      changes.push({ sector, userIndex: to, ...result.change });
      merged += 1;
    }
    written.push({ userIndex: to, localSubject: renaming.to, rows });
    // Whoever is called so later gets another pseudonym, also where it would be derived again.
    const next = 1 + Math.max(...rows.map(({ generation }) => generation));
    await leaveTombstone(trx, tombstoneRoot, { sector, localSubject: renaming.from }, next);
  }
  const targets = new Set(written.map(({ userIndex }) => keyOf(userIndex)));
  const gone = wanted.flatMap(({ from, to }) => (targets.has(keyOf(to)) ? [from, to] : []));
  await rewriteGenerations(trx, atRest, sector, { gone, written });
  await moveFollowing(trx, sector, wanted);
  await recordSubjectChanges(trx, changes);
  return { moves: wanted, moved: written.length, merged, problems };
}

/** The vendor was given the old name at the most; the new one must not be known to it by this. */
function notGiven(row: MovedRow): MovedRow {
  return { ...row, given_original: null };
}

/** One line of generations of two: the second one's newest stays the newest. */
export function merge(
  [retired, kept]: readonly [Readonly<Line>, Readonly<Line>],
  { at, graceUntil }: Pick<MoveSettings, 'at' | 'graceUntil'>,
): {
  readonly rows: readonly MovedRow[];
  readonly shift: number;
  readonly change: Pick<SubjectChange, 'oldSub' | 'newSub' | 'at' | 'graceUntil'>;
} {
  const shift = retired[0].generation;
  const times = { retired_at: at.getTime(), grace_until: graceUntil.getTime() };
  const rows = [
    ...retired.map((row) => (row.retired_at === null ? { ...row, ...times } : row)),
    ...kept.map((row) => ({ ...row, generation: row.generation + shift })),
  ];
  const [oldSub, newSub] = [text(retired[0].sub), text(kept[0].sub)];
  return { rows, shift, change: { oldSub, newSub, at, graceUntil } };
}

/** Keeps of each client the earliest generation that it was given. */
async function mergeGiven(
  trx: Transaction,
  sector: string,
  { from, to }: Move,
  { prefer, shift }: { readonly prefer: Preferred | undefined; readonly shift: number },
): Promise<void> {
  const [retired, kept] = prefer === 'old' ? [to, from] : [from, to];
  const within = { sector: bytes(sector) };
  const earlier = await trx('given_subjects')
    .where({ ...within, user_index: asBuffer(retired) })
    .select<{ client_id: Buffer }[]>('client_id');
  const shifted = { ...within, user_index: asBuffer(kept) };
  await trx('given_subjects')
    .where(shifted)
    .whereIn(
      'client_id',
      earlier.map((row) => row.client_id),
    )
    .del();
  await trx('given_subjects').where(shifted).increment('generation', shift);
}

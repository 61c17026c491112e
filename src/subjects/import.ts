import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { bytes } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { insertImported, keyOf, markGiven, readStanding } from './import-store.ts';
import type { ImportedPseudonym, Standing, UserKey } from './import-store.ts';
import { checkLocalSubject } from './local-subject.ts';
import { sealContext } from './store.ts';
import type { PseudonymRecord } from './store.ts';
import { erasedAmong } from './tombstones.ts';

/** One user of a file. */
export interface ImportRow {
  /** Where it stands in the file, from 1. */
  readonly line: number;
  readonly localSubject: string;
  /** The value that becomes the pseudonym; undefined: derived. */
  readonly sub?: string | undefined;
}

/** Why a row cannot be imported; the subject itself is not in it. */
export interface RowProblem {
  readonly line: number;
  readonly wrong: string;
}

/** What a value that stands in no file is derived by. */
export type Made = Pick<PseudonymRecord, 'algorithm' | 'saltVersion' | 'sub'>;

/** How the users of a file are imported. */
export interface ImportSettings {
  readonly sector: string;
  /** Whether the vendor has these users under the original subject already. */
  readonly given: boolean;
  /** Whether a pseudonym may be the original subject itself. */
  readonly mayPreserve: boolean;
  readonly at: Date;
}

/** What importing works with. */
export interface Importer {
  readonly atRest: AtRest;
  /** The root of the blind indexes. */
  readonly indexRoot: Uint8Array;
  /** The root of what stays of erased pseudonyms. */
  readonly tombstoneRoot: Uint8Array;
}

/** What became of a batch; with problems, nothing was written. */
export interface BatchOutcome {
  readonly created: number;
  /** Users who had a pseudonym already. */
  readonly present: number;
  /** Users who were erased: they get another pseudonym when they come back, and not by a file. */
  readonly erased: number;
  readonly problems: readonly RowProblem[];
}

/** A row with what is computed from it. */
export interface PreparedRow extends ImportRow {
  readonly userIndex: Uint8Array;
  readonly key: UserKey;
  /**
   * The user whom a value that was brought along would name as a local subject. A value that is
   * derived here names nobody: 256 bits that only the salt's owner could have chosen.
   */
  readonly namesake: Uint8Array | undefined;
  readonly made: Made;
  /** The local subject, sealed for the row of the first generation; undefined: not yet. */
  sealed?: Buffer;
}

/** The generation of a user's first pseudonym. */
const FIRST = 1;
/** Rows after which others have a turn: the database waits for nobody's sealing. */
const SEALED_AT_ONCE = 100;

/** A batch that is ready to be written. */
export interface PreparedBatch {
  readonly rows: readonly PreparedRow[];
  readonly problems: readonly RowProblem[];
}

/** Does everything for a batch that needs no database, so that it can be done beside the writing. */
export function prepareBatch(
  { indexRoot }: Importer,
  { sector, mayPreserve }: ImportSettings,
  rows: readonly ImportRow[],
  derive: (localSubject: string) => Made,
): PreparedBatch {
  const problems: RowProblem[] = [];
  const prepared: PreparedRow[] = [];
  const users = new Map<UserKey, PreparedRow>();
  const values = new Map<string, PreparedRow>();
  const wrongAt = ({ line }: ImportRow, wrong: string): void => void problems.push({ line, wrong });
  for (const row of rows) {
    const { localSubject, sub } = row;
    if (!checkLocalSubject(localSubject).ok) {
      wrongAt(row, 'local_subject is not text of 1 to 255 bytes');
      continue;
    }
    if (sub !== undefined && !checkLocalSubject(sub).ok) {
      wrongAt(row, 'sub is not text of 1 to 255 bytes');
      continue;
    }
    if (sub === localSubject && !mayPreserve) {
      wrongAt(row, 'sub is the local subject itself; only migration mode preserve keeps it');
      continue;
    }
    const userIndex = indexUser(indexRoot, sector, localSubject);
    const made = sub === undefined ? derive(localSubject) : broughtIn(sub, localSubject);
    const namesake = sub === undefined ? undefined : indexUser(indexRoot, sector, sub);
    const ready = { ...row, userIndex, key: keyOf(userIndex), namesake, made };
    const again = users.get(ready.key);
    if (again !== undefined) {
      if (sub !== again.sub) wrongAt(row, `local_subject stands with another sub in ${at(again)}`);
      continue;
    }
    const other = values.get(made.sub);
    if (other !== undefined) {
      wrongAt(row, `sub is that of another user in ${at(other)}`);
      continue;
    }
    users.set(ready.key, ready);
    values.set(made.sub, ready);
    prepared.push(ready);
  }
  return { rows: prepared, problems: [...problems, ...crossed(prepared, users)] };
}

/** A value of one row that is what another row's user is called. */
function* crossed(
  rows: readonly PreparedRow[],
  users: ReadonlyMap<UserKey, PreparedRow>,
): Generator<RowProblem> {
  for (const row of rows) {
    const other = row.namesake && users.get(keyOf(row.namesake));
    if (other === undefined || other === row) continue;
    yield { line: row.line, wrong: `sub is the local_subject of ${at(other)}` };
  }
}

function broughtIn(sub: string, localSubject: string): Made {
  return { sub, saltVersion: 0, algorithm: sub === localSubject ? 'preserved' : 'imported' };
}

/**
 * Writes a batch: all of it, or with any problem nothing. What stands already
 * with the same value is left as it is, so that a file can be imported again.
 *
 * @throws {PseudonymTaken} where a login was first: begin the transaction again
 */
export async function importBatch(
  trx: Transaction,
  importer: Importer,
  settings: ImportSettings,
  batch: PreparedBatch,
  write: boolean,
): Promise<BatchOutcome> {
  const { sector, at: createdAt, given } = settings;
  const { rows } = batch;
  const standing = await readStanding(trx, sector, {
    users: rows.map(({ userIndex }) => userIndex),
    namesakes: rows.flatMap(({ namesake }) => namesake ?? []),
    values: rows.flatMap(({ localSubject, sub }) => [
      localSubject,
      ...(sub === undefined ? [] : [sub]),
    ]),
  });
  const present = rows.filter(({ key }) => standing.newest.has(key));
  const absent = rows.filter(({ key }) => !standing.newest.has(key));
  const erased = await erasedAmong(trx, importer.tombstoneRoot, sector, absent);
  const problems = [
    ...batch.problems,
    ...present.flatMap((row) => conflictOf(row, standing)),
    ...absent.flatMap((row) => collisionOf(row, standing)),
  ]
    .toSorted((one, other) => one.line - other.line)
    .filter(({ line }, place, all) => all[place - 1]?.line !== line);
  if (problems.length > 0) return { created: 0, present: 0, erased: 0, problems };
  const fresh = absent.filter((row) => !erased.has(row));
  if (write) {
    const records = fresh.map((row): ImportedPseudonym => {
      const { userIndex, made, sealed = seal(importer, sector, row) } = row;
      return { userIndex, sealed, given, createdAt, generation: FIRST, ...made };
    });
    await insertImported(trx, sector, records);
    if (given) {
      const users = present.map(({ userIndex }) => userIndex);
      await markGiven(trx, sector, users);
    }
  }
  return { created: fresh.length, present: present.length, erased: erased.size, problems: [] };
}

/**
 * Seals what a batch will most likely store, a part at a time. Where a user has a
 * pseudonym already that was in vain.
 */
export function* sealBatch(
  importer: Importer,
  { sector }: ImportSettings,
  { rows }: PreparedBatch,
): Generator<undefined> {
  for (const [place, row] of rows.entries()) {
    row.sealed = seal(importer, sector, row);
    if ((place + 1) % SEALED_AT_ONCE === 0) yield undefined;
  }
}

function seal({ atRest }: Importer, sector: string, row: PreparedRow): Buffer {
  const { userIndex, localSubject } = row;
  return atRest.seal(sealContext({ sector, userIndex, generation: FIRST }), bytes(localSubject));
}

/** A user who has a pseudonym keeps it; a file that says another is wrong. */
function conflictOf(row: PreparedRow, { owners }: Standing): readonly RowProblem[] {
  if (row.sub === undefined || owners.get(row.sub) === row.key) return [];
  return [{ line: row.line, wrong: 'the user has another pseudonym already' }];
}

function collisionOf(row: PreparedRow, standing: Standing): readonly RowProblem[] {
  const { line, sub, key, localSubject } = row;
  const bearer = standing.owners.get(localSubject);
  if (bearer !== undefined && bearer !== key) {
    return [{ line, wrong: 'local_subject is the pseudonym of another user' }];
  }
  if (sub === undefined) return [];
  if (standing.owners.has(sub)) return [{ line, wrong: 'sub is the pseudonym of another user' }];
  if (!isNamesake(row, standing)) return [];
  return [{ line, wrong: 'sub is the local subject of another user' }];
}

/** Whether the value of a row is what another known user is called upstream. */
function isNamesake({ namesake, key }: PreparedRow, { known }: Standing): boolean {
  const other = namesake && keyOf(namesake);
  return other !== undefined && other !== key && known.has(other);
}

function at({ line }: ImportRow): string {
  return `line ${line}`;
}

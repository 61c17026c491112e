import type { Transaction } from './connection.ts';

/** What may be bound: `node:sqlite` takes no booleans, and mysql2 no other bytes. */
export type Value = Buffer | string | number | null;

/**
 * How many rows or keys one statement takes. Few sizes, so that a connection
 * prepares few texts; SQLite binds 32,766 values at most.
 */
const SIZES = [500, 100, 20, 4, 1] as const;

/**
 * Runs a statement whose values travel beside its text: neither builder nor
 * server reads them as SQL, which for some thousand of them costs more than what
 * they are for.
 */
async function run<Row>(trx: Transaction, sql: string, values: readonly Value[]): Promise<Row[]> {
  const rows: unknown = await trx.raw(sql).options({ prepared: values });
  return rows as Row[];
}

/** Inserts rows, each with a value for every column. Names are the program's own, never input. */
export async function insertRows(
  trx: Transaction,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const row = `(${columns.map(() => '?').join(', ')})`;
  for (const portion of portions(rows)) {
    const sql = `insert into ${table} (${columns.join(', ')}) values ${repeated(row, portion)}`;
    await run(trx, sql, portion.flat());
  }
}

/** The rows of a sector in which a column has one of many values. */
export async function selectAmong<Row>(
  trx: Transaction,
  what: { readonly table: string; readonly columns: readonly string[]; readonly among: string },
  sector: Buffer,
  values: readonly Buffer[],
): Promise<Row[]> {
  const { table, columns, among } = what;
  const found: Row[] = [];
  for (const portion of portions(values)) {
    const sql = `select ${columns.join(', ')} from ${table} where sector = ? and ${among} in (${repeated('?', portion)})`;
    found.push(...(await run<Row>(trx, sql, [sector, ...portion])));
  }
  return found;
}

function repeated(text: string, { length }: readonly unknown[]): string {
  return Array.from({ length }, () => text).join(', ');
}

function* portions<T>(all: readonly T[]): Generator<readonly T[]> {
  let from = 0;
  for (const size of SIZES) {
    for (; all.length - from >= size; from += size) yield all.slice(from, from + size);
  }
}

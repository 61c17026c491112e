import type { Transaction } from './connection.ts';

/** SQLite takes a limited number of values in one statement. */
const ROWS_A_STATEMENT = 100;

/** Inserts any number of rows, none included, in as many statements as it takes. */
export async function insertMany(
  trx: Transaction,
  table: string,
  rows: readonly object[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
    await trx(table).insert(rows.slice(from, from + ROWS_A_STATEMENT));
  }
}

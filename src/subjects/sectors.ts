import { bytes, text } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';

/**
 * Every sector in which there is anything of anybody: also one that its clients
 * have left. Each table is walked from one sector to the next, never through its rows.
 */
export async function sectorsInUse(connection: Connection | Transaction): Promise<string[]> {
  const found = new Set<string>();
  for (const table of ['sectors', 'clients', 'pseudonyms', 'sessions']) {
    let last = bytes('');
    for (;;) {
      const row = await connection(table)
        .where('sector', '>', last)
        .orderBy('sector')
        .first<{ sector: Buffer } | undefined>('sector');
      if (row === undefined) break;
      last = row.sector;
      found.add(text(last));
    }
  }
  return [...found].toSorted();
}

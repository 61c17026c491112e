import { afterAll, beforeAll, expect, test } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { quoted, read, rowsOf } from './documents.ts';

const document = read('docs/storage.md');

/** Tables in the document, each with how its columns are kept. */
const described = new Map(
  document
    .split(/^## /m)
    .slice(1)
    .filter((section) => section.includes('| column'))
    .map((section) => {
      const columns = rowsOf(section).map(([name = '', kept = '']) => [quoted(name)[0], kept]);
      return [section.slice(0, section.indexOf('\n')), new Map(columns as [string, string][])];
    }),
);

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
});
afterAll(() => database.close());

test('every table of a migrated database stands in the document, and no other', async () => {
  const rows: { name: string }[] = await database
    .db('sqlite_master')
    .where({ type: 'table' })
    .whereNot('name', 'like', 'sqlite_%')
    .select('name');
  expect([...described.keys()].toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
});

test.each([...described])('every column of %s stands there, and no other', async (table, kept) => {
  const columns = await database.db(table).columnInfo();
  expect([...kept.keys()].toSorted()).toEqual(Object.keys(columns).toSorted());
});

test('what is encrypted, indexed or hashed is kept in binary columns', async () => {
  for (const [table, kept] of described) {
    const columns = await database.db(table).columnInfo();
    for (const [column, how] of kept) {
      expect(['plain', 'encrypted', 'keyed index', 'hash']).toContain(how);
      if (how === 'plain') continue;
      const { type } = columns[column as keyof typeof columns] as { type: string };
      expect([table, column, type]).toEqual([table, column, expect.stringMatching(/blob|binary/)]);
    }
  }
});

test('the sizes at rest are those of the document', () => {
  const sizes = (/padded to ([\d, or]+) bytes/.exec(document.replaceAll('\n', ' '))?.[1] ?? '')
    .split(/, | or /)
    .map(Number);
  const atRest = new AtRest(Buffer.alloc(32, 1));
  const place = { table: 'pseudonyms', column: 'local_subject', row: 'row' };
  const stored = [1, 255, 300, 1000, 4000, 16_000].map(
    (length) => atRest.seal(place, Buffer.alloc(length)).byteLength,
  );
  expect([...new Set(stored)]).toEqual(sizes);
});

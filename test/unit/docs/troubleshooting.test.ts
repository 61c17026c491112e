import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { PROBLEMS } from '../../../src/admin/problems.ts';
import { REASONS } from '../../../src/errors.ts';
import { marked, quoted, read, ROOT, rowsOf } from './documents.ts';

/*
 * Whatever code somebody holds in their hands, docs/troubleshooting.md says what to do.
 * Reasons in the log are those of docs/errors.md, which has a test of its own.
 */

const text = read('docs/troubleshooting.md');

/** Command failures are made where they happen, each with a code in its place. */
function codesOfCommands(): readonly string[] {
  const folder = join(ROOT, 'src/cli');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'));
  return sources.flatMap((source) =>
    [...source.matchAll(/\bcode: '(\w+)'/g)].map(([, code = '']) => code),
  );
}

describe.each([
  ['wire', Object.values(REASONS).map(({ error }) => error)],
  ['commands', codesOfCommands()],
  ['problems', Object.keys(PROBLEMS)],
])('the codes of %s', (part, codes) => {
  const rows = rowsOf(marked(text, part)).map(([code = '', remedy = '']) => ({
    ...{ code: quoted(code)[0] ?? code, remedy },
  }));

  test('each has a row, and no row is of any other', () => {
    expect(rows.map(({ code }) => code).toSorted()).toEqual([...new Set(codes)].toSorted());
  });

  test.each(rows)('$code has something to do', ({ remedy }) => {
    expect(remedy).toMatch(/\w/);
  });
});

test('the common problems of pairwise subjects are answered', () => {
  const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([
    expect.stringContaining('sector_identifier_uri is required when using pairwise'),
    expect.stringContaining('Sector identifier is required'),
    expect.stringContaining('Salt is required'),
    expect.stringContaining('Inconsistent `sub` values'),
  ]);
});

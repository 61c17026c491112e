import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { REASONS } from '../../../src/errors.ts';
import { ROOT, marked, quoted, read, rowsOf } from '../docs/documents.ts';

const described = rowsOf(marked(read('docs/errors.md'), 'reasons')).map(
  ([reason = '', status = '', error = '', happened = '', remedy = '']) => ({
    ...{ reason: quoted(reason)[0], status: Number(status), error: quoted(error)[0] },
    ...{ happened, remedy },
  }),
);
const known = Object.entries(REASONS).map(([reason, { status, error }]) => ({
  ...{ reason, status, error },
}));

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== 'errors.ts')
  .map((path) => readFileSync(join(ROOT, 'src', path), 'utf8'))
  .join('\n');

const byReason = (one: { reason?: string | undefined }, other: { reason?: string | undefined }) =>
  String(one.reason).localeCompare(String(other.reason));

test('the document tells of every reason what the wire says, and of no other', () => {
  const said = described.map(({ reason, status, error }) => ({ reason, status, error }));
  expect(said.toSorted(byReason)).toEqual(known.toSorted(byReason));
});

describe.each(described)('$reason', ({ reason, happened, remedy }) => {
  test('says what happened and what to do', () => {
    expect(happened).toMatch(/\.$/);
    expect(remedy).toMatch(/\.$/);
  });

  test('is a reason that the code gives', () => {
    expect(sources).toMatch(new RegExp(`['"]${reason}['"]`));
  });
});

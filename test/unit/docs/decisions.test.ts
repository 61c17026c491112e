import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { read, ROOT, rowsOf } from './documents.ts';

const FOLDER = 'docs/decisions';
const records = readdirSync(join(ROOT, FOLDER)).filter((name) => name !== 'README.md');

test('the index lists every decision, in order, with what was rejected', () => {
  const listed = rowsOf(read(`${FOLDER}/README.md`)).map(([link = '', decided, rejected]) => {
    expect([decided, rejected]).not.toContain('');
    return /\((.+)\)/.exec(link)?.[1];
  });
  expect(listed).toEqual(records.toSorted());
});

test('decisions are numbered from 1 without gaps, in name and heading', () => {
  records.toSorted().forEach((name, at) => {
    expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    expect(Number(name.slice(0, 4))).toBe(at + 1);
    expect(read(`${FOLDER}/${name}`)).toMatch(new RegExp(`^# ${at + 1}\\. `));
  });
});

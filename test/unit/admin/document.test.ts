import { expect, test } from 'vitest';

import { PROBLEMS, type ProblemCode } from '../../../src/admin/problems.ts';
import { ROUTES } from '../../../src/admin/routes.ts';
import { read, rowsOf } from '../docs/documents.ts';
import { problemRow, referenceRow } from './reference.ts';

const document = read('docs/admin-api.md');

function tableOf(name: string): readonly (readonly string[])[] {
  const section = new RegExp(`<!-- ${name}:[^]*?<!-- /${name} -->`).exec(document)?.[0] ?? '';
  return rowsOf(section);
}

test('docs/admin-api.md lists every operation, with its scope and what it needs', () => {
  expect(tableOf('operations')).toEqual(ROUTES.map(referenceRow));
});

test('docs/admin-api.md lists every problem, with its status', () => {
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  expect(tableOf('problems')).toEqual(codes.map(problemRow));
});

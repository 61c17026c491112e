import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { read, ROOT, rowsOf } from './documents.ts';

/* SECURITY.md: behind each threat stands a defence, and behind each defence a test. */

const chapter =
  read('SECURITY.md').split('\n## Threats and defences\n')[1]?.split('\n## ')[0] ?? '';
const threats = rowsOf(chapter);

test('there are threats', () => {
  expect(threats.length).toBeGreaterThan(30);
});

test.each(threats)('%s', (_threat, defence, proof = '') => {
  expect(defence).toMatch(/\w/);
  const tests = [...proof.matchAll(/\]\((test\/[^)]+\.test\.ts)\)/g)].map(([, path = '']) => path);
  expect(tests).not.toEqual([]);
  expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

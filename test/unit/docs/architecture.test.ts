import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { REASONS } from '../../../src/errors.ts';
import { marked, quoted, read, ROOT, rowsOf } from './documents.ts';

const document = read('ARCHITECTURE.md');

describe('the layout', () => {
  const section = /## Layout\n([^]*?)\n## /.exec(document)?.[1] ?? '';
  const named = rowsOf(section).map(([name = '']) => quoted(name)[0] ?? '');

  test('names every folder of src and every file beside them', () => {
    const folders = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.parentPath === join(ROOT, 'src'))
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
    const ours = named.filter((name) => name.startsWith('src'));
    expect(ours.toSorted()).toEqual(folders.toSorted());
  });

  test('names nothing that is not there', () => {
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });
});

describe('the failures of each stage', () => {
  const rows = rowsOf(marked(document, 'stages'));

  test.each(rows.flatMap((row) => quoted(row[3] ?? '').map((reason) => [reason, row[2]])))(
    '%s is answered with %s',
    (reason, status) => {
      expect(Object.keys(REASONS)).toContain(reason);
      // Towards a vendor's redirect URI every error travels in a redirect.
      const { status: wire } = REASONS[reason as keyof typeof REASONS];
      if (status !== '303') expect(String(wire)).toBe(status);
    },
  );

  test('miss no reason', () => {
    const told = new Set(rows.flatMap((row) => quoted(row[3] ?? '')));
    expect(Object.keys(REASONS).filter((reason) => !told.has(reason))).toEqual(ELSEWHERE);
  });
});

/** Reasons that no stage of a login gives: turned into others by whoever meets them. */
const ELSEWHERE = ['seal_malformed', 'seal_expired'];

describe('times and limits', () => {
  const rows = rowsOf(marked(document, 'limits'));

  test.each(rows.map(([what, value, , file, name]) => [what, value, file, name] as const))(
    '%s: %s',
    (_what, value, file = '', name = '') => {
      const [path = ''] = quoted(file);
      const [constant = ''] = quoted(name);
      const found = new RegExp(`\\b${constant}(?: =|:) ([\\d_]+(?: \\* [\\d_]+)*)`).exec(
        read(path),
      );
      expect(found, `${constant} in ${path}`).not.toBeNull();
      const product = (found?.[1] ?? '')
        .split(' * ')
        .reduce((sum, factor) => sum * Number(factor.replaceAll('_', '')), 1);
      expect(String(product)).toBe(value);
    },
  );
});

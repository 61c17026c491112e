import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { AUDIT_ACTS } from '../../../src/audit/acts.ts';

const text = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8');

test('docs/audit.md lists the acts that the code knows, in its words and no others', () => {
  const table = text.slice(text.indexOf('<!-- acts:'));
  const rows = [...table.matchAll(/^\| `(.+?)` +\| (.+?) +\|$/gm)];
  const documented = Object.fromEntries(rows.map(([, act = '', said = '']) => [act, said]));
  expect(documented).toEqual(AUDIT_ACTS);
});

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

import { describe, expect, test } from 'vitest';

import { VARIABLE_NAMES, fallbackOf, isSecret } from '../../../src/config/variables.ts';
import { environment, problemsOf } from './environments.ts';

function document(name: string): string {
  return readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
}

/** Every name that an operator may set. */
const names = VARIABLE_NAMES.flatMap((name) => (isSecret(name) ? [name, `${name}_FILE`] : [name]));

describe('.env.example', () => {
  const lines = document('.env.example').matchAll(/^#?([A-Z_]+)=(.*)$/gm);
  const listed = [...lines].map(([, name = '', value = '']) => [name, value] as const);

  test('lists every variable once, and no other', () => {
    expect(listed.map(([name]) => name).toSorted()).toEqual(names.toSorted());
  });

  test('shows the defaults', () => {
    const shown = new Map(listed);
    for (const name of VARIABLE_NAMES.filter((variable) => variable !== 'UPSTREAM_ISSUER')) {
      expect([name, shown.get(name)]).toEqual([name, fallbackOf(name) ?? '']);
    }
  });

  test('is an environment that loads, as it is and with every comment taken away', () => {
    const text = document('.env.example');
    const all = text.replaceAll(/^#(?=[A-Z_]+=)/gm, '');
    for (const env of [parseEnv(text), parseEnv(all)]) {
      const { MASTER_KEY, PAIRWISE_SALT } = environment();
      expect(problemsOf({ ...env, MASTER_KEY, PAIRWISE_SALT })).toEqual([]);
    }
  });
});

describe('docs/configuration.md', () => {
  const sections = document('docs/configuration.md').split(/^### /m).slice(1);
  const byName = new Map(
    sections.map((section) => [/^`([A-Z_]+)`\n/.exec(section)?.[1] ?? section, section]),
  );

  test('has a section for every variable, and no other', () => {
    expect([...byName.keys()].toSorted()).toEqual(VARIABLE_NAMES.toSorted());
  });

  test.each(VARIABLE_NAMES)('states the default of %s, and its file if it is a secret', (name) => {
    const statement = byName.get(name)?.split('\n')[2] ?? '';
    const fallback = fallbackOf(name);
    if (fallback) expect(statement).toContain(`Default: \`${fallback}\``);
    else expect(statement).toMatch(/^(Default: (none|the value of)|Required\.)/);
    expect(statement.includes(`Secret: also \`${name}_FILE\``)).toBe(isSecret(name));
  });
});

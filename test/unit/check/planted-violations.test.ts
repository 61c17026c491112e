import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { copyCheckout } from './checkout-copy.ts';
import type { CheckoutCopy } from './checkout-copy.ts';
import { LINT_VIOLATIONS } from './violations.ts';

/** A check that finds nothing may just not have looked: each must find what is planted for it. */
let copy: CheckoutCopy;

// Each looks at the whole checkout.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(async () => {
  copy = await copyCheckout();
});
afterAll(() => copy.close());

async function lint(): Promise<{ code: number; found: ReadonlySet<string>; output: string }> {
  const { code, output } = await copy.run(
    'oxlint',
    '--type-aware',
    '--deny-warnings',
    '-f',
    'json',
  );
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { filename: string; code: string }[];
  };
  return { code, output, found: new Set(diagnostics.map((one) => `${one.filename} ${one.code}`)) };
}

describe('the linter', () => {
  let planted: Awaited<ReturnType<typeof lint>>;

  test('fails on the planted files', async () => {
    for (const { path, text } of LINT_VIOLATIONS) await copy.plant(path, text);
    planted = await lint();
    expect(planted.code).not.toBe(0);
  });

  test('finds nothing where nothing is planted', () => {
    const paths = LINT_VIOLATIONS.map(({ path }) => path);
    const elsewhere = [...planted.found].filter(
      (one) => !paths.some((path) => one.startsWith(`${path} `)),
    );
    expect(elsewhere).toEqual([]);
  });

  test.each(LINT_VIOLATIONS)('finds $path by $rule', ({ path, rule }) => {
    expect([...planted.found].filter((one) => one.startsWith(`${path} `))).toContain(
      `${path} ${rule}`,
    );
  });
});

test('the search for dead code finds a dead export and a dead file', async () => {
  await copy.plant('src/tokens/algorithms-planted.ts', 'export const planted = 1;\n');
  const { code, output } = await copy.run('knip');
  expect(code).not.toBe(0);
  expect(output).toContain('src/tokens/algorithms-planted.ts');
});

test('the type check finds a type error', async () => {
  await copy.plant('src/planted-type.ts', "export const planted: number = 'text';\n");
  const { code, output } = await copy.run('tsc', '--noEmit');
  expect(code).not.toBe(0);
  expect(output).toContain('src/planted-type.ts(1,14): error TS2322');
});

test('the format check finds a file in another style', async () => {
  await copy.plant('src/planted-format.ts', 'export const planted = "text"\n');
  const { code, output } = await copy.run('prettier', '--check', '--log-level', 'warn', 'src/*');
  expect(code).not.toBe(0);
  expect(output).toContain('src/planted-format.ts');
});

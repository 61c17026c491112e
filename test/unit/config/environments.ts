import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { ConfigError } from '../../../src/config/error.ts';
import type { ConfigProblem } from '../../../src/config/error.ts';
import { loadConfig } from '../../../src/config/load.ts';

export type Env = Record<string, string | undefined>;

/** A key of so many bytes, as an operator writes it. */
export function key(bytes = 32, fill = 7): string {
  return Buffer.alloc(bytes, fill).toString('base64url');
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pairwise-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A complete environment that touches no file, with some variables set otherwise. */
export function environment(changes: Env = {}): Env {
  return {
    UPSTREAM_ISSUER: 'https://login.example.com',
    MASTER_KEY: key(32, 1),
    PAIRWISE_SALT: key(32, 2),
    ...changes,
  };
}

/** The mistakes that loading this environment tells; empty: it loads. */
export function problemsOf(env: Env): readonly ConfigProblem[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The names of the variables with a mistake. */
export function wrongVariables(env: Env): readonly string[] {
  return problemsOf(env).map(({ variable }) => variable);
}

import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import packageJson from '../../../package.json' with { type: 'json' };
import { scratchFolder } from '../../support/scratch.ts';
import { environmentOn, run } from './command-line.ts';
import type { Environment } from './command-line.ts';

const NODE = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
const BIN = fileURLToPath(new URL('../../../bin/pairwise-proxy.mjs', import.meta.url));

let folder: string;
let environment: Environment;

beforeAll(async () => {
  folder = await scratchFolder('pairwise-cli-');
  environment = environmentOn({ dialect: 'sqlite', file: join(folder, 'p.sqlite') });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('what cannot be understood ends with 2 and says what would be right', () => {
  test.each([
    [['rolout', 'status'], "unknown command 'rolout'", 'Did you mean rollout?'],
    [['client', 'lst'], "unknown command 'lst'", 'Did you mean list?'],
    [['keys', 'rotate', '--mastr'], "unknown option '--mastr'", 'Did you mean --master?'],
    [['client', 'show'], "missing required argument 'client'", 'See --help.'],
    [['client', 'show', 'a', 'b'], 'too many arguments', 'See --help.'],
    [['client', 'create', 'a'], "required option '--vendor <vendor>' not specified", 'See --help.'],
    [['statistics', 'list'], "unknown command 'statistics'", 'See --help.'],
  ])('%j', async (argv, message, hint) => {
    const told = await run(environment, [...argv, '--json']);
    expect(told.exit).toBe(2);
    const error = told.json()['error'] as Record<string, string>;
    expect(error['code']).toBe('usage');
    expect(error['message']).toContain(message);
    expect(error['hint']).toBe(hint);
    expect(told.stderr).toBe('');
    const read = await run(environment, argv);
    expect(read).toMatchObject({ exit: 2, stdout: '' });
    expect(read.stderr).toContain(message);
  });

  test('a group without a command shows what there is', async () => {
    const shown = await run(environment, ['vendor']);
    expect(shown.exit).toBe(2);
    expect(shown.stderr).toContain('Usage: pairwise-proxy vendor');
  });

  test('a configuration that cannot be used', async () => {
    const told = await run({ ISSUER: 'nonsense' }, ['client', 'list', '--json']);
    expect(told.exit).toBe(2);
    expect(told.json()).toMatchObject({ error: { code: 'configuration' } });
    expect(told.stdout).toContain('ISSUER');
  });

  test('a file that is not there', async () => {
    const missing = join(folder, 'missing.yaml');
    const told = await run(environment, ['vendor', 'create', '--file', missing, '--json']);
    expect(told).toMatchObject({ exit: 2 });
    expect(told.json()).toMatchObject({ error: { code: 'file_unreadable' } });
  });
});

test('help and version end with 0 on stdout', async () => {
  expect(await run({}, ['--version'])).toMatchObject({
    exit: 0,
    stdout: `${packageJson.version}\n`,
  });
  const help = await run({}, ['--help']);
  expect(help).toMatchObject({ exit: 0, stderr: '' });
  expect(help.stdout).toContain('rollout');
});

describe('a database that is not ready ends with 3', () => {
  test('one that nobody listens for', async () => {
    const away = { ...environment, DATABASE_URL: 'mysql://u:p@127.0.0.1:1/db' };
    const told = await run(away, ['client', 'list', '--json']);
    expect(told.exit).toBe(3);
    expect(told.json()).toMatchObject({ error: { code: 'database_unavailable' } });
    expect(told.stdout).not.toContain('u:p');
  });
});

/** Runs the real program with the Node that the checkout brings. */
function spawned(argv: readonly string[]): Promise<{ exit: number | null; stdout: string }> {
  const child = spawn(NODE, [BIN, ...argv], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<{
    exit: number | null;
    stdout: string;
  }>();
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.once('error', reject).once('close', (exit) => resolve({ exit, stdout }));
  return promise;
}

describe('the program itself', () => {
  test.each([
    [['--version'], 0],
    [['vendor', 'create', 'acme', '--json'], 0],
    [['client', 'show', 'nobody', '--json'], 1],
    [['clients', '--json'], 2],
    [['vendor', 'delete', 'acme', '--json'], 2],
    [['vendor', 'create', 'acme', '--json'], 4],
    [['doctor', '--json'], 5],
  ])('%j exits with %d', async (argv, exit) => {
    const ran = await spawned(argv);
    expect(ran.exit).toBe(exit);
    if (argv.includes('--json')) expect(JSON.parse(ran.stdout)).toBeTypeOf('object');
  });
});

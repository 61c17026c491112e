import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

/*
 * The README's first command, as it stands there, in a temporary folder of its
 * own so that what it leaves behind can be seen.
 */

const MAIN = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function startDemo(...args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TMPDIR: folder, DATABASE_URL: 'mysql://nobody@127.0.0.1:1/none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return { child, output: () => output };
}

test('the demo shows its table, keeps its promises, and leaves nothing behind', async () => {
  const { child, output } = startDemo('--once');
  const [code] = (await once(child, 'close')) as [number];
  expect(code, output()).toBe(0);
  expect(output()).toContain('sub alice');
  expect(output()).toContain('Acme Learning sees');
  expect(output()).toContain('Two vendors, two subjects for each user');
  expect(await readdir(folder)).toEqual([]);
});

test('the demo stays up for use by hand until it is told to end', async () => {
  const { child, output } = startDemo();
  const closed = once(child, 'close');
  while (!output().includes('Ctrl+C ends the demo') && child.exitCode === null) {
    await Promise.race([once(child.stdout!, 'data'), closed]);
  }
  const home = /Acme Learning +(http\S+)/.exec(output())?.[1];
  expect(home, output()).toBeDefined();
  expect(await (await fetch(home!)).text()).toContain('href="/login"');
  child.kill('SIGTERM');
  const [code] = (await closed) as [number];
  expect(code, output()).toBe(0);
  expect(await readdir(folder)).toEqual([]);
  await expect(fetch(home!)).rejects.toThrow();
});

test('an interruption before the table is no success', async () => {
  const { child, output } = startDemo('--once');
  await once(child.stdout!, 'data');
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect(code, output()).not.toBe(0);
  expect(await readdir(folder)).toEqual([]);
});

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { progressOn } from '../../../src/cli/progress.ts';
import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { scratchFolder } from '../../support/scratch.ts';
import type { Ran } from './command-line.ts';
import { environmentOn, run } from './command-line.ts';

let database: TestDatabase;
let folder: string;
const command = (...argv: string[]): Promise<Ran> =>
  run(environmentOn(database.location, { VENDOR: 'v', UPSTREAM: 'u' }), argv);

const EXOTIC = 'o"neil, ada';

beforeAll(async () => {
  database = await freshDatabase('sqlite');
  await command('vendor', 'create', 'acme');
  await command(
    ...['client', 'create', 'acme-web', '--vendor', 'acme'],
    ...['--redirect-uri', 'https://acme.example/callback', '--client-secret-env', 'VENDOR'],
    ...['--upstream-client-id', 'acme-up', '--upstream-client-secret-env', 'UPSTREAM'],
  );
  folder = await scratchFolder('mapping-');
  const known = join(folder, 'known.csv');
  await writeFile(known, 'local_subject,sub\nalice,sub-of-alice\n"o""neil, ada",sub-of-ada\n');
  const others = join(folder, 'others.csv');
  await writeFile(others, 'local_subject,sub\nbob,sub-of-bob\n');
  const files = [[known, '--known'], [others]];
  for (const argv of files) {
    const imported = await command('subject', 'import', '--client', 'acme-web', ...argv);
    expect(imported, imported.stderr).toMatchObject({ exit: 0, stderr: '' });
  }
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

describe('client mapping', () => {
  test('asks first, and prints nothing without an answer', async () => {
    const ran = await command('client', 'mapping', 'acme-web');
    expect(ran.exit).not.toBe(0);
    expect(ran.stdout).toBe('');
  });

  test('prints a table of those whom the vendor has, and of nobody else', async () => {
    const { exit, stdout } = await command('client', 'mapping', 'acme-web', '--yes');
    expect(exit).toBe(0);
    const [header, ...lines] = stdout.trimEnd().split('\n');
    expect(header).toBe('local_subject,sub');
    expect(lines.toSorted()).toEqual(['"o""neil, ada",sub-of-ada', 'alice,sub-of-alice']);
  });

  test('prints one object a line', async () => {
    const format = ['--format', 'ndjson'];
    const { stdout } = await command('client', 'mapping', 'acme-web', '--yes', ...format);
    const rows: unknown[] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual({ local_subject: 'alice', sub: 'sub-of-alice' });
    expect(rows).toContainEqual({ local_subject: EXOTIC, sub: 'sub-of-ada' });
  });

  test('is read again by subject import, which finds everybody there', async () => {
    const { stdout } = await command('client', 'mapping', 'acme-web', '--yes');
    const file = join(folder, 'mapping.csv');
    await writeFile(file, stdout);
    const again = await command('subject', 'import', '--client', 'acme-web', file, '--json');
    expect(again.json()).toMatchObject({ created: 0, present: 2 });
  });

  test('is recorded with its reason, and without a user', async () => {
    await command('client', 'mapping', 'acme-web', '--yes', '--reason', 'ticket 7');
    const log = await command('audit', 'export');
    const entry = log.stdout.split('\n').find((line) => line.includes('ticket 7')) ?? '';
    expect(JSON.parse(entry)).toMatchObject({ act: 'mapping.exported', target: 'acme-web' });
    expect(entry).not.toMatch(/alice/);
  });
});

describe('the bar of a long command', () => {
  const shown = (stderr: PassThrough, total: number | undefined): string => {
    const context = { argv: [], environment: {}, stdin: process.stdin, stdout: new PassThrough() };
    const serve = () => Promise.reject(new Error('serve is not run here'));
    const progress = progressOn({ ...context, stderr, serve }, total);
    progress.at(50, 'line 7');
    progress.end();
    expect(context.stdout.read()).toBe(null);
    return String(stderr.read() ?? '');
  };
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true });

  test('is drawn on stderr where that is a terminal', () => {
    expect(shown(terminal(), 100)).toMatch(/50% .*line 7/);
  });

  test('shows how far it is without a size, and no share of it', () => {
    const drawn = shown(terminal(), undefined);
    expect(drawn).toMatch(/line 7/);
    expect(drawn).not.toMatch(/%/);
  });

  test('is silent where stderr is no terminal: a log stays a log', () => {
    expect(shown(new PassThrough(), 100)).toBe('');
  });
});

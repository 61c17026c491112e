import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { findSystemdAnalyze } from '../support/find-systemd-analyze.ts';
import { scratchFolder } from '../support/scratch.ts';
import { KNOWN_VARIABLES, pathOf, textOf } from './files.ts';

const UNIT = 'pairwise-proxy.service';

let analyze: string;
let folder: string;
beforeAll(async () => {
  const found = await findSystemdAnalyze();
  if (found === undefined) {
    throw new Error(
      'systemd-analyze is not installed. Install the package systemd of your system.',
    );
  }
  analyze = found;
  folder = await scratchFolder('systemd-');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function complaintsAbout(unit: string): Promise<string> {
  const path = join(folder, UNIT);
  await writeFile(path, unit);
  const verified = promisify(execFile)(analyze, ['verify', '--man=no', path]);
  const { stderr } = await verified.catch((error: { stderr: string }) => error);
  // What this machine lacks is no mistake of the unit.
  const lines = stderr.split('\n').filter((line) => line.includes(UNIT));
  return lines.filter((line) => !/not found|does not exist|not executable/i.test(line)).join('\n');
}

it('the unit is one that systemd accepts', async () => {
  expect(await complaintsAbout(await textOf(`systemd/${UNIT}`))).toBe('');
});

it('a unit with a mistake is found', async () => {
  const unit = await textOf(`systemd/${UNIT}`);
  expect(await complaintsAbout(unit.replace('Restart=always', 'Restart=allways'))).toContain(
    'allways',
  );
});

it('the process is shut in: systemd calls its exposure low', async () => {
  const args = ['security', '--offline=true', '--threshold=25', pathOf(`systemd/${UNIT}`)];
  await expect(promisify(execFile)(analyze, args)).resolves.toBeDefined();
});

it('the variables are those that the proxy reads', async () => {
  const unit = await textOf(`systemd/${UNIT}`);
  const example = await readFile(pathOf('systemd/environment.example'), 'utf8');
  const names = [
    ...[...unit.matchAll(/^Environment=(\w+)=/gm)].map(([, name]) => name),
    ...[...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name),
  ].filter((name) => name !== 'NODE_ENV');
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !KNOWN_VARIABLES.has(name ?? ''))).toEqual([]);
});

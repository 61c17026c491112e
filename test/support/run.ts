import { spawn } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { findProgram } from './programs.ts';
import { findChromium } from './find-chromium.ts';
import { findPromtool } from './find-promtool.ts';
import { findSystemdAnalyze } from './find-systemd-analyze.ts';

/**
 * `npm test`: brings what the tests need, then runs vitest with the arguments
 * given. Nothing is left out where something is missing: what needs it fails,
 * and the last line says what to do.
 */
const INSTALLER = fileURLToPath(new URL('./install-package.sh', import.meta.url));
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const INSTALL_LINE = 'apt-get update && apt-get install -y --no-install-recommends mariadb-server';
const BROWSER_LINE =
  'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y ' +
  '--no-install-recommends -o DPkg::Lock::Timeout=300 chromium';
const SYSTEMD_LINE = BROWSER_LINE.replace(/chromium$/, 'systemd');
const PROMTOOL_LINE = 'apt-get update && apt-get install -y --no-install-recommends prometheus';
const PROMTOOL_ADVICE =
  'Alert rules are tested by promtool: install it (package prometheus), or set PROMTOOL_PATH to one.';
const SYSTEMD_ADVICE =
  'The systemd unit is checked by systemd-analyze: install it (package systemd), or set ' +
  'SYSTEMD_ANALYZE_PATH to one.';
const BROWSER_ADVICE =
  'Tests in a real browser need Chromium: install it, or set CHROMIUM_PATH to one.';
const ADVICE =
  "Tests on MySQL need a server: install MariaDB's (mariadbd), or set TEST_DATABASE_URL to\n" +
  'mysql://user:password@host:3306/ of a MySQL 8 or MariaDB server whose user may create databases.';

/**
 * Some thousand processes and workers load the same libraries: what the first one compiled
 * serves all. Not where coverage is counted, which needs to see functions compiled.
 */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));
const ENVIRONMENT: NodeJS.ProcessEnv = process.argv.some((each) => each.startsWith('--coverage'))
  ? process.env
  : { NODE_COMPILE_CACHE: COMPILED, ...process.env };

const problems = [
  await bringDatabase(),
  await bringBrowser(),
  await bringSystemd(),
  await bringPromtool(),
].filter((each) => each !== undefined);
for (const { problem } of problems) say(`${problem}\nEverything else is run first.`);
process.exitCode = await run(process.execPath, [VITEST, 'run', ...process.argv.slice(2)]);
if (process.exitCode !== 0) {
  for (const { problem, advice } of problems) say(`${problem}\n${advice}`);
}

interface Missing {
  readonly problem: string;
  /** What to do about it. */
  readonly advice: string;
}

/** What stands in the way of a database server; nothing where there is one. */
async function bringDatabase(): Promise<Missing | undefined> {
  if ((process.env['TEST_DATABASE_URL'] ?? '') !== '') return undefined;
  return bring('MariaDB', installed, INSTALL_LINE, ADVICE, () =>
    run(INSTALLER, ['mariadb-server', 'mariadbd']),
  );
}

/** What stands in the way of a browser; nothing where there is one. */
async function bringBrowser(): Promise<Missing | undefined> {
  const found = async (): Promise<boolean> => (await findChromium()) !== undefined;
  return bring('Chromium', found, BROWSER_LINE, BROWSER_ADVICE, () =>
    run('sh', ['-c', BROWSER_LINE]),
  );
}

/** What stands in the way of checking the systemd unit. */
async function bringSystemd(): Promise<Missing | undefined> {
  const found = async (): Promise<boolean> => (await findSystemdAnalyze()) !== undefined;
  return bring('systemd-analyze', found, SYSTEMD_LINE, SYSTEMD_ADVICE, () =>
    run('sh', ['-c', SYSTEMD_LINE]),
  );
}

/** What stands in the way of testing the alert rules. */
async function bringPromtool(): Promise<Missing | undefined> {
  const found = async (): Promise<boolean> => (await findPromtool()) !== undefined;
  return bring('promtool', found, PROMTOOL_LINE, PROMTOOL_ADVICE, () =>
    run(INSTALLER, ['prometheus', 'promtool']),
  );
}

async function bring(
  name: string,
  isInstalled: () => Promise<boolean>,
  line: string,
  advice: string,
  install: () => Promise<number>,
): Promise<Missing | undefined> {
  const missing = (problem: string): Missing => ({ problem: `${name} ${problem}`, advice });
  if (await isInstalled()) return undefined;
  if ((process.env['PAIRWISE_NO_INSTALL'] ?? '') !== '') {
    return missing('is not installed, and PAIRWISE_NO_INSTALL forbids to install it.');
  }
  if (process.getuid?.() !== 0) return missing('is not installed, and only root could install it.');
  if ((await findProgram('apt-get')) === undefined) {
    return missing('is not installed, and there is no apt-get to install it with.');
  }
  say(
    `Installing ${name} for the tests, without starting a service (PAIRWISE_NO_INSTALL=1 refuses):\n${line}`,
  );
  const code = await install();
  if (await isInstalled()) return undefined;
  return missing(`is not installed: apt-get failed (exit code ${code}).`);
}

async function installed(): Promise<boolean> {
  const programs = await Promise.all(['mariadbd', 'mariadb-install-db'].map(findProgram));
  return !programs.includes(undefined);
}

/** Runs a program on our output, passing signals on; resolves with its exit code. */
function run(program: string, args: readonly string[]): Promise<number> {
  const options: SpawnOptions = { stdio: ['ignore', 'inherit', 'inherit'], env: ENVIRONMENT };
  const child = spawn(program, args, options);
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code ?? 1);
    });
  });
}

function say(text: string): void {
  console.log(`\n${text}\n`);
}

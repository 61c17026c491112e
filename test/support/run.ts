import { spawn } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { findProgram } from './programs.ts';

/**
 * `npm test`: brings what the tests need, then runs vitest with the arguments
 * given. Nothing is left out where something is missing: what needs it fails,
 * and the last line says what to do.
 */
const INSTALLER = fileURLToPath(new URL('./install-mariadb.sh', import.meta.url));
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const INSTALL_LINE = 'apt-get update && apt-get install -y --no-install-recommends mariadb-server';
const ADVICE =
  "Tests on MySQL need a server: install MariaDB's (mariadbd), or set TEST_DATABASE_URL to\n" +
  'mysql://user:password@host:3306/ of a MySQL 8 or MariaDB server whose user may create databases.';

const problem = await bringDatabase();
if (problem !== undefined) say(`${problem}\nEverything else is run first.`);
process.exitCode = await run(process.execPath, [VITEST, 'run', ...process.argv.slice(2)]);
if (problem !== undefined && process.exitCode !== 0) say(`${problem}\n${ADVICE}`);

/** What stands in the way of a database server; nothing where there is one. */
async function bringDatabase(): Promise<string | undefined> {
  if ((process.env['TEST_DATABASE_URL'] ?? '') !== '') return undefined;
  if (await installed()) return undefined;
  if ((process.env['PAIRWISE_NO_INSTALL'] ?? '') !== '') {
    return 'MariaDB is not installed, and PAIRWISE_NO_INSTALL forbids to install it.';
  }
  if (process.getuid?.() !== 0) return 'MariaDB is not installed, and only root could install it.';
  if ((await findProgram('apt-get')) === undefined) {
    return 'MariaDB is not installed, and there is no apt-get to install it with.';
  }
  say(
    `Installing MariaDB for the tests, without starting a service (PAIRWISE_NO_INSTALL=1 refuses):\n${INSTALL_LINE}`,
  );
  const code = await run(INSTALLER, []);
  if (await installed()) return undefined;
  return `MariaDB is not installed: apt-get failed (exit code ${code}).`;
}

async function installed(): Promise<boolean> {
  const programs = await Promise.all(['mariadbd', 'mariadb-install-db'].map(findProgram));
  return !programs.includes(undefined);
}

/** Runs a program on our output, passing signals on; resolves with its exit code. */
function run(program: string, args: readonly string[]): Promise<number> {
  const options: SpawnOptions = { stdio: ['ignore', 'inherit', 'inherit'] };
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

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { createConnection } from 'mysql2/promise';

import { freePort } from './free-port.ts';
import { startGuarded } from './guarded-process.ts';
import type { GuardedProcess } from './guarded-process.ts';
import { findProgram } from './programs.ts';
import { scratchFolder } from './scratch.ts';

/** A MariaDB server of one's own, on a free loopback port, with its data in a temporary folder. */
export interface MariadbServer {
  /** `mysql://user:password@127.0.0.1:port/`, of a user who may create databases. */
  readonly url: string;
  /** Ends the process and keeps the data; `start` brings it back on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Sends a signal to the server itself, SIGKILL or SIGSTOP for example. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Ends the process and removes the data. */
  close(): Promise<void>;
}

const USER = 'pairwise';
/** Speed over durability, and the server's default character set: ours must not depend on it. */
const SETTINGS = [
  '--innodb-buffer-pool-size=32M',
  '--innodb-log-file-size=8M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--sync-frm=OFF',
  '--innodb-file-per-table=OFF',
  '--skip-log-bin',
  '--performance-schema=OFF',
  '--max-connections=300',
  '--character-set-server=latin1',
];

/**
 * Starts a server; fails with a message that says what to do where none is installed.
 *
 * @param more options of `mariadbd` that replace ours
 */
export async function startMariadb(...more: readonly string[]): Promise<MariadbServer> {
  return startServer({ more });
}

/** How a server is started beside what all have in common. */
export interface ServerOptions {
  readonly more: readonly string[];
  /** An empty one for its data, which `close` removes. Default: a temporary one. */
  readonly folder?: string;
  /** The password of the user, who comes with data from elsewhere. Default: the user is made. */
  readonly password?: string;
  /** As whom it runs where we are root. Default: root. */
  readonly user?: string;
}

/** Starts a server; see {@link startMariadb}. */
export async function startServer(options: ServerOptions): Promise<MariadbServer> {
  const folder = options.folder ?? (await scratchFolder('mariadb-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await install(folder);
    const { user } = options;
    if (user !== undefined && isRoot()) await promisify(execFile)('chown', ['-R', user, folder]);
    return await startOnFreePort(folder, remove, options).catch(() =>
      // Another process may have taken the port between our look and the server's start.
      startOnFreePort(folder, remove, options),
    );
  } catch (error) {
    await remove();
    throw error;
  }
}

async function install(folder: string): Promise<void> {
  await promisify(execFile)(await program('mariadb-install-db'), [
    '--no-defaults',
    `--datadir=${join(folder, 'data')}`,
    `--tmpdir=${folder}`,
    '--skip-test-db',
    '--skip-name-resolve',
    '--auth-root-authentication-method=normal',
    ...asRoot(),
    ...SETTINGS,
  ]);
}

async function startOnFreePort(
  folder: string,
  remove: () => Promise<void>,
  { more, password: given, user }: ServerOptions,
): Promise<MariadbServer> {
  const server = await program('mariadbd');
  const password = given ?? randomBytes(16).toString('hex');
  const init = join(folder, 'init.sql');
  await writeFile(
    init,
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${password}';\n` +
      `GRANT ALL ON *.* TO '${USER}'@'%' WITH GRANT OPTION;\n`,
  );
  const log = join(folder, 'error.log');
  const port = await freePort();
  const url = `mysql://${USER}:${password}@127.0.0.1:${port}/`;
  let running: GuardedProcess;

  const start = async (): Promise<void> => {
    running = startGuarded(
      server,
      [
        '--no-defaults',
        `--datadir=${join(folder, 'data')}`,
        // A server that starts removes what others have in a folder that they share.
        `--tmpdir=${folder}`,
        ...(given === undefined ? [`--init-file=${init}`] : []),
        `--socket=${join(folder, 'socket')}`,
        `--pid-file=${join(folder, 'pid')}`,
        `--log-error=${log}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        '--skip-name-resolve',
        ...asRoot(user),
        ...SETTINGS,
        ...more,
      ],
      folder,
    );
    await answering(url, running, log);
  };
  const stop = (): Promise<void> => running.stop();
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    if (!(pid > 1)) throw new Error('mariadbd has no process id');
    process.kill(pid, name);
    if (name === 'SIGKILL') await running.stop();
  };
  const close = async (): Promise<void> => {
    await stop();
    await remove();
  };

  await start();
  return { url, start, stop, signal, close };
}

/** mariadbd runs as root only when told to. */
function asRoot(user = 'root'): readonly string[] {
  return isRoot() ? [`--user=${user}`] : [];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function program(name: string): Promise<string> {
  const path = await findProgram(name);
  if (path !== undefined) return path;
  throw new Error(
    `${name} is not installed. Install MariaDB's server, or set TEST_DATABASE_URL to ` +
      'mysql://user:password@host:3306/ of a MySQL 8 or MariaDB server whose user may create databases.',
  );
}

async function answering(url: string, server: GuardedProcess, log: string): Promise<void> {
  for (;;) {
    if (server.ended) throw new Error(`mariadbd ended at once:\n${await readFile(log, 'utf8')}`);
    try {
      await (await createConnection({ uri: url, connectTimeout: 1000 })).end();
      return;
    } catch {
      await sleep(25);
    }
  }
}

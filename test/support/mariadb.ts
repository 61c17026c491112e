import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { createConnection } from 'mysql2/promise';

import { scratchFolder } from './scratch.ts';

/** A MariaDB server of one's own, on a free loopback port, with its data in a temporary folder. */
export interface MariadbServer {
  /** `mysql://user:password@127.0.0.1:port/`, of a user who may create databases. */
  readonly url: string;
  /** Ends the process and keeps the data; `start` brings it back on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the process and removes the data. */
  close(): Promise<void>;
}

const USER = 'pairwise';
const PASSWORD = 'for-tests-only';
/** Speed over durability, and the server's default character set: ours must not depend on it. */
const SETTINGS = [
  '--innodb-buffer-pool-size=32M',
  '--innodb-log-file-size=8M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--skip-log-bin',
  '--performance-schema=OFF',
  '--max-connections=300',
  '--character-set-server=latin1',
];

/** Starts a server; fails with a message that says what to do where none is installed. */
export async function startMariadb(): Promise<MariadbServer> {
  const [server, installer] = await Promise.all([
    program('mariadbd'),
    program('mariadb-install-db'),
  ]);
  const folder = await scratchFolder('mariadb-');
  const data = join(folder, 'data');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  await promisify(execFile)(installer, [
    '--no-defaults',
    `--datadir=${data}`,
    '--skip-test-db',
    '--skip-name-resolve',
    '--auth-root-authentication-method=normal',
    ...user,
    ...SETTINGS.slice(0, 3),
  ]);
  const init = join(folder, 'init.sql');
  await writeFile(
    init,
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}';\n` +
      `GRANT ALL ON *.* TO '${USER}'@'%';\n`,
  );
  const port = await freePort();
  const url = `mysql://${USER}:${PASSWORD}@127.0.0.1:${port}/`;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    child = spawn(
      server,
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--init-file=${init}`,
        `--socket=${join(folder, 'socket')}`,
        `--pid-file=${join(folder, 'pid')}`,
        `--log-error=${join(folder, 'error.log')}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        '--skip-name-resolve',
        ...user,
        ...SETTINGS,
      ],
      { stdio: 'ignore' },
    );
    process.once('exit', killNow);
    await answering(url, child, join(folder, 'error.log'));
  };
  const killNow = (): void => {
    child?.kill('SIGKILL');
  };
  const stop = async (): Promise<void> => {
    process.off('exit', killNow);
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  };
  const close = async (): Promise<void> => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { url, start, stop, close };
}

async function program(name: string): Promise<string> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new Error(
    `${name} is not installed. Install MariaDB's server, or set TEST_DATABASE_URL to ` +
      'mysql://user:password@host:3306/ of a MySQL 8 or MariaDB server whose user may create databases.',
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(url: string, child: ChildProcess, log: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) {
      throw new Error(`mariadbd ended at once:\n${await readFile(log, 'utf8')}`);
    }
    try {
      await (await createConnection({ uri: url, connectTimeout: 1000 })).end();
      return;
    } catch {
      await sleep(25);
    }
  }
}

import { createReadStream } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { keepHeapSmall } from '../../src/cli/steady-heap.ts';
import { AtRest } from '../../src/database/at-rest.ts';
import { openDatabase } from '../../src/database/connection.ts';
import type { Connection } from '../../src/database/connection.ts';
import { loadKeyring } from '../../src/database/keyring.ts';
import { migrateUp } from '../../src/database/migrations.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { importSubjects } from '../../src/operations/import-subjects.ts';
import { subjectRows } from '../../src/operations/subject-rows.ts';
import { derivePseudonym } from '../../src/subjects/derive.ts';
import { startMariadb } from '../support/mariadb.ts';
import { scratchFolder } from '../support/scratch.ts';

const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const MIB = 1024 * 1024;
/** Ticks of a second in `/proc`. */
const TICKS = 100;
const SECTOR = 'acme.example';
/** Users after which code and buffers have their size; growth counts from there, speed does not. */
const WARM = 20_000;

/**
 * Imports a million users from a file into a MariaDB of its own, and says how
 * fast that was, what it cost both processes, and by how much this one grew meanwhile.
 */
export async function measureImport(): Promise<string> {
  keepHeapSmall();
  const folder = await scratchFolder('bench-');
  // A production server has room for its indexes; durability stays off, as in all tests.
  const server = await startMariadb(
    ...['--innodb-buffer-pool-size=1G', '--innodb-log-file-size=512M'],
  );
  try {
    const file = join(folder, 'users.csv');
    await writeUsers(file);
    const db = await benchDatabase(server.url);
    const keyring = await loadKeyring(db, {
      masterKey: new Uint8Array(32).fill(1),
      masterKeyPrevious: undefined,
    });
    const context = {
      ...{ db, keyring, atRest: new AtRest(keyring.storage) },
      log: createLogger({ level: 'error', destination: process.stderr }),
      clock: () => new Date(),
    };
    let resident = 0;
    let largest = 0;
    const begun = performance.now();
    const worked = process.cpuUsage();
    const workedThere = await processorSecondsOf(db);
    const salt = new Uint8Array(32).fill(2);
    const { created } = await importSubjects(
      context,
      {
        ...{ sector: SECTOR, given: false, mayPreserve: false, dryRun: false },
        rows: subjectRows(createReadStream(file), 'csv'),
        derive: (localSubject) => ({
          sub: derivePseudonym('hmac-sha256', { sector: SECTOR, localSubject, salt }),
          ...{ algorithm: 'hmac-sha256', saltVersion: 1 },
        }),
        onProgress: (report) => {
          const { rss } = process.memoryUsage();
          if (report.created <= WARM) resident = Math.max(resident, rss);
          else largest = Math.max(largest, rss);
        },
      },
      { actor: 'cli:bench' },
    );
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(worked);
    const here = (user + system) / 1_000_000;
    const there = (await processorSecondsOf(db)) - workedThere;
    await db.destroy();
    const growth = Math.max(0, largest - resident) / MIB;
    return (
      `import: ${created} users in ${seconds.toFixed(1)} s, ${Math.round(created / seconds)} a second;` +
      ` processor: ${here.toFixed(1)} s here, ${there.toFixed(1)} s in the database;` +
      ` resident memory grew by ${growth.toFixed(1)} MiB`
    );
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the server's process has used so far, in seconds (proc(5): `utime` and `stime`). */
async function processorSecondsOf(db: Connection): Promise<number> {
  const [[{ file }]] = (await db.raw('select @@pid_file as file')) as [[{ file: string }]];
  const stat = await readFile(`/proc/${(await readFile(file, 'utf8')).trim()}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / TICKS;
}

async function writeUsers(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.write('local_subject\n');
    for (let from = 0; from < USERS; from += 10_000) {
      const lines = Array.from({ length: Math.min(10_000, USERS - from) }, (_, index) => {
        return `user-${String(from + index).padStart(9, '0')}@legacy.example\n`;
      });
      await handle.write(lines.join(''));
    }
  } finally {
    await handle.close();
  }
}

/** A database of the current schema on a server of one's own. */
export async function benchDatabase(serverUrl: string): Promise<Connection> {
  const server = openDatabase({ dialect: 'mysql', url: serverUrl });
  await server.raw('create database bench');
  await server.destroy();
  const db = openDatabase({ dialect: 'mysql', url: new URL('/bench', serverUrl).href });
  await migrateUp(db);
  return db;
}

import { createHash } from 'node:crypto';

import { openDatabase } from '../../../src/database/connection.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { migrateUp } from '../../../src/database/migrations.ts';
import { findNewest } from '../../../src/subjects/store.ts';
import { startDurableMariadb } from './database-server.ts';
import { median } from './numbers.ts';

const MANY = Number(process.env['BENCH_ROWS'] ?? 10_000_000);
const FEW = 10_000;
const SECTOR = 'acme.example';
/** Rows of one transaction. */
const BATCH = 100_000;
const ROUNDS = 7;
const LOOKUPS = 5000;
/** How much longer the slowest hundredth may take among many rows than among few. */
const BOUND = 1.3;
/** As long as encrypted local subjects are (`src/database/at-rest.ts`). */
const AT_REST_BYTES = 353;
/** So many bytes apart are the first four of two users' indexes, which come in order. */
const STEP = Math.floor(2 ** 32 / MANY);

/**
 * Fills a mapping with ten million rows, and says how long a lookup takes there and among ten
 * thousand, in turns on the same server, and what a row takes on the disk.
 */
export async function measureScale(): Promise<string> {
  const server = await startDurableMariadb('--innodb-buffer-pool-size=9G');
  try {
    const few = await filled(server.url, 'few', FEW);
    const begun = performance.now();
    const many = await filled(server.url, 'many', MANY);
    const seconds = (performance.now() - begun) / 1000;
    const sides = [
      { db: few, rows: FEW, p50: [] as number[], p99: [] as number[] },
      { db: many, rows: MANY, p50: [] as number[], p99: [] as number[] },
    ] as const;
    // The first round only warms.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const side of sides) {
        const times = await lookups(side.db, side.rows);
        if (round === 0) continue;
        side.p50.push(times.p50);
        side.p99.push(times.p99);
      }
    }
    const [atFew, atMany] = sides.map(({ p50, p99 }) => ({ p50: median(p50), p99: median(p99) }));
    const ratio = (atMany?.p99 ?? Number.NaN) / (atFew?.p99 ?? Number.NaN);
    const { data, index } = await bytesOf(many);
    await Promise.all([few.destroy(), many.destroy()]);
    return [
      `scale: ${MANY} rows filled in ${seconds.toFixed(0)} s`,
      `lookup among ${FEW}: p50 ${atFew?.p50.toFixed(3)} ms, p99 ${atFew?.p99.toFixed(3)} ms`,
      `lookup among ${MANY}: p50 ${atMany?.p50.toFixed(3)} ms, p99 ${atMany?.p99.toFixed(3)} ms`,
      `p99 × ${ratio.toFixed(2)} (at most ${BOUND}: ${ratio <= BOUND ? 'met' : 'not met'})`,
      `bytes a row: table ${(data / MANY).toFixed(0)}, further index ${(index / MANY).toFixed(0)}`,
    ].join('\n  ');
  } finally {
    await server.close();
  }
}

async function filled(serverUrl: string, name: string, rows: number): Promise<Connection> {
  const server = openDatabase({ dialect: 'mysql', url: serverUrl });
  await server.raw(`create database ${name}`);
  await server.destroy();
  const db = openDatabase({ dialect: 'mysql', url: new URL(`/${name}`, serverUrl).href });
  await migrateUp(db);
  for (let from = 0; from < rows; from += BATCH) {
    await insert(db, from, Math.min(from + BATCH, rows) - 1);
  }
  await db.raw('analyze table pseudonyms');
  return db;
}

/** By MariaDB's own numbers; what matters is how long the values are, and that the index is uniform. */
async function insert(db: Connection, from: number, to: number): Promise<void> {
  await db
    .raw(
      `insert into pseudonyms (sector, user_index, generation, sub, local_subject, salt_version,
         algorithm, created_at)
       select ?, unhex(concat(lpad(hex(seq * ${STEP}), 8, '0'), left(sha2(seq, 256), 56))), 1,
         left(sha2(concat('sub ', seq), 256), 52), random_bytes(${AT_REST_BYTES}), 1,
         'hmac-sha256', 1
       from seq_${from}_to_${to}`,
      [Buffer.from(SECTOR)],
    )
    .timeout(600_000);
}

/** As {@link insert} makes it. */
function userIndex(user: number): Buffer {
  const index = Buffer.alloc(32);
  index.writeUInt32BE(user * STEP);
  createHash('sha256').update(String(user)).digest().copy(index, 4, 0, 28);
  return index;
}

/** Milliseconds of the hot path's read, one after the other, of users at random. */
async function lookups(db: Connection, rows: number): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  for (let n = 0; n < LOOKUPS; n += 1) {
    const user = { sector: SECTOR, userIndex: userIndex(Math.floor(Math.random() * rows)) };
    const begun = performance.now();
    const found = await findNewest(db, user);
    times.push(performance.now() - begun);
    if (found === undefined) throw new Error('a user is missing');
  }
  const sorted = times.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor(LOOKUPS * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function bytesOf(db: Connection): Promise<{ data: number; index: number }> {
  const [[sizes]] = (await db.raw(
    `select data_length as data, index_length as \`index\` from information_schema.tables
     where table_schema = database() and table_name = 'pseudonyms'`,
  )) as [[{ data: string; index: string }]];
  return { data: Number(sizes.data), index: Number(sizes.index) };
}

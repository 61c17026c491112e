/*
 * A database server whose tablespace may not grow, filled to the last page: it refuses in its own
 * words, and in the middle of transactions. There is room again when somebody makes it.
 */
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import type { LoadedWorld } from '../../support/loaded-world.ts';
import { AWAY, loadedWorld } from '../../support/loaded-world.ts';

vi.setConfig({ testTimeout: 600_000 });

/** "The table is full". */
const FULL = 1114;

let loaded: LoadedWorld;
let operator: Connection;
beforeAll(async () => {
  loaded = await loadedWorld({
    server: ['--innodb-data-file-path=ibdata1:12M:autoextend:max:48M'],
  });
  const { location } = loaded.direct;
  operator = await createConnection(location.dialect === 'mysql' ? location.url : '');
});
afterAll(async () => {
  operator.destroy();
  await loaded.close();
});

/** Takes all the room that is left, many pages at a time and then one by one. */
async function fill(): Promise<void> {
  // No blobs: those would take what the server keeps back for removing things.
  await operator.query('create table filler (piece varbinary(7000))');
  for (const pieces of [200, 1]) {
    const rows = `select repeat('x', 7000) from seq_1_to_${pieces}`;
    for (let isFull = false; !isFull;) {
      isFull = await operator.query(`insert into filler ${rows}`).then(
        () => false,
        (error: { errno?: number }) => {
          expect(error.errno).toBe(FULL);
          return true;
        },
      );
    }
  }
}

it('logins go on after a database whose disk was full', async () => {
  const report = await loaded.during(async (load) => {
    await fill();
    await load.failed(4);
    await operator.query('drop table filler');
  }, AWAY);
  expect(report.failures, 'some met it').not.toEqual({});
});

/*
 * A database that is there and does not work: silent, slow, in the way of itself,
 * read-only, full. Under login load, as in test/faults/under-load.test.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { LoadedWorld } from '../../support/loaded-world.ts';
import { AWAY, loadedWorld } from '../../support/loaded-world.ts';

vi.setConfig({ testTimeout: 600_000 });

describe('logins go on after a database that', () => {
  let loaded: LoadedWorld;
  let root: Connection | undefined;
  beforeAll(async () => {
    loaded = await loadedWorld();
    const { location } = loaded.direct;
    root = await createConnection(location.dialect === 'mysql' ? location.url : '');
  });
  afterAll(async () => {
    root?.destroy();
    await loaded.close();
  });

  it('is stopped for a while (SIGSTOP)', async () => {
    const { server, world } = loaded;
    const report = await loaded.during(async (load) => {
      await server.signal('SIGSTOP');
      while (world.proxy.application.registry.databaseUp) await sleep(25);
      await load.failed(4);
      await server.signal('SIGCONT');
    }, AWAY);
    expect(report.failures).not.toEqual({});
  });

  it('is slow', async () => {
    const { gate } = loaded;
    await loaded.during(async (load) => {
      gate.delay(150);
      await load.more(4);
      gate.pass();
    }, AWAY);
  });

  it('is so slow that nobody waits', async () => {
    const { gate } = loaded;
    await loaded.during(async (load) => {
      gate.delay(6000);
      await load.failed(4);
      gate.pass();
    }, AWAY);
  });

  it('makes the proxy wait for locks that others hold', async () => {
    const { location } = loaded.direct;
    const other = await createConnection(location.dialect === 'mysql' ? location.url : '');
    const report = await loaded.during(async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await other.query('start transaction');
        await other.query('select * from pseudonyms for update');
        await other.query('select * from sessions for update');
        await sleep(1000);
        await other.query('rollback');
      }
    }, AWAY);
    other.destroy();
    expect(report.logins).toBeGreaterThan(0);
  });

  it('sees deadlocks without end', async () => {
    const { location } = loaded.direct;
    const others = await Promise.all(
      [0, 1].map(() => createConnection(location.dialect === 'mysql' ? location.url : '')),
    );
    let running = true;
    const tables = ['pseudonyms', 'sessions', 'spent'];
    const lockAll = async (connection: Connection, order: readonly string[]): Promise<number> => {
      let deadlocks = 0;
      while (running) {
        try {
          await connection.query('start transaction');
          for (const table of order) {
            await connection.query(`select * from ${table} for update`);
            await sleep(5);
          }
        } catch (error) {
          if ((error as { errno?: number }).errno === 1213) deadlocks += 1;
        }
        await connection.query('rollback');
        await sleep(5);
      }
      return deadlocks;
    };
    let deadlocks = 0;
    await loaded.during(async () => {
      const [one, two] = others;
      if (one === undefined || two === undefined) throw new Error('no connections');
      const locking = [lockAll(one, tables), lockAll(two, tables.toReversed())];
      await sleep(5000);
      running = false;
      deadlocks = (await Promise.all(locking)).reduce((sum, each) => sum + each, 0);
    }, AWAY);
    for (const each of others) each.destroy();
    expect(deadlocks).toBeGreaterThan(0);
  });

  it('becomes read-only', async () => {
    const report = await loaded.during(async (load) => {
      await root?.query('flush tables with read lock');
      await root?.query('set global read_only = 1');
      await root?.query('unlock tables');
      await load.failed(4);
      await root?.query('set global read_only = 0');
    }, AWAY);
    expect(report.logins).toBeGreaterThan(0);
  });

  it.each([1021, 1026, 1030, 1114, 1180])('is full, and says so by error %i', async (errno) => {
    const tables = ['pseudonyms', 'sessions', 'spent'];
    const report = await loaded.during(async (load) => {
      for (const table of tables) {
        const refusal = `signal sqlstate 'HY000' set mysql_errno = ${errno}, message_text = 'full'`;
        await root?.query(
          `create trigger ${table}_full before insert on ${table} for each row ${refusal}`,
        );
      }
      await load.failed(4);
      for (const table of tables) await root?.query(`drop trigger ${table}_full`);
    }, AWAY);
    expect(report.failures, 'some met it').not.toEqual({});
  });

  it('ends its half of the connections', async () => {
    const { gate } = loaded;
    await loaded.during(async (load) => {
      gate.halfCloseAfter(700);
      await load.failed(2);
      gate.pass();
    }, AWAY);
  });
});

/*
 * Three MariaDB servers in a Galera cluster behind a balancer that sends all connections to one.
 * That one is killed: until the others have agreed that it is gone, nothing can be committed
 * (`evs.suspect_timeout`: 1.5 s here, see test/support/galera.ts). Logins in the stall succeed
 * or get 503, and go on by themselves.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import type { GaleraCluster } from '../../support/galera.ts';
import { startGalera } from '../../support/galera.ts';
import type { WorldUnderLoad } from '../../support/loaded-world.ts';
import { AWAY, worldUnderLoad } from '../../support/loaded-world.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let cluster: GaleraCluster;
let loaded: WorldUnderLoad;
beforeAll(async () => {
  cluster = await startGalera('--innodb-flush-log-at-trx-commit=1');
  expect(await cluster.size()).toBe(3);
  loaded = await worldUnderLoad(cluster);
});
afterAll(async () => {
  await loaded.close();
  await cluster.close();
});

it('logins go on when the node of a Galera cluster that is written to is killed', async () => {
  const killed = cluster.writer();
  const report = await loaded.during(async (load) => {
    await load.more(8);
    await killed.signal('SIGKILL');
    while (cluster.writer() === killed || (await cluster.size()) !== 2) await sleep(50);
    await load.more(8);
  }, AWAY);
  expect(report.logins).toBeGreaterThan(0);
  expect(cluster.writer()).not.toBe(killed);
});

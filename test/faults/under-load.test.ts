/*
 * The database or the upstream breaks while users log in. Who meets the fault is told to
 * come again; nobody gets a wrong subject, no pseudonym is lost or given twice, and when
 * the fault is over logins go on by themselves. More faults are in test/faults/long.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { LoadedWorld } from '../support/loaded-world.ts';
import { AWAY, loadedWorld } from '../support/loaded-world.ts';

let loaded: LoadedWorld;
beforeAll(async () => {
  loaded = await loadedWorld();
});
afterAll(() => loaded.close());

describe('logins go on after a database that', () => {
  it('is killed and started again', async () => {
    const { server, world } = loaded;
    const report = await loaded.during(async (load) => {
      await server.signal('SIGKILL');
      await load.failed(1);
      while (world.proxy.application.registry.databaseUp) await sleep(25);
      await server.start();
    }, AWAY);
    expect(report.failures).not.toEqual({});
  });

  it('resets its connections in the middle of answers', async () => {
    const { gate } = loaded;
    const report = await loaded.during(async (load) => {
      // Long enough for the greeting and a query or two.
      for (const bytes of [700, 300, 1000, 150]) {
        gate.resetAfter(bytes);
        await load.failed(2);
      }
      gate.pass();
    }, AWAY);
    expect(report.failures).not.toEqual({});
  });
});

describe('logins go on after an upstream that', () => {
  it('goes away and comes back', async () => {
    const { upstream } = loaded.world;
    const report = await loaded.during(async (load) => {
      await upstream.stop();
      await load.failed(4);
      await upstream.restart();
    }, AWAY);
    expect(report.failures).not.toEqual({});
  });

  it('changes its keys in the middle, and forgets the old ones', async () => {
    const { upstream } = loaded.world;
    await loaded.during(async () => {
      await upstream.rotateKeys({ keepOld: false });
    }, [...AWAY, /^token: 502 server_error$/]);
  });
});

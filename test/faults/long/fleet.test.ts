/*
 * Three replicas, each a process, on one MariaDB behind a balancer, and users who log
 * in without end. Replicas are killed and drained, keys change and phases too. Nobody
 * gets a wrong subject, and nobody is refused where nothing was killed.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Fleet, FleetClient } from '../../support/fleet.ts';
import { startFleet } from '../../support/fleet.ts';
import { expectStored, unexpected } from '../../support/loaded-world.ts';
import { LoginLoad, manyUsers } from '../../support/login-load.ts';
import type { Report } from '../../support/login-load.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const USERS = manyUsers(3000);
const CLIENTS: readonly FleetClient[] = ['acme', 'bolt'].map((id, n) => ({
  ...{ id, redirectUri: `http://127.0.0.1:${n + 1}/callback` },
  upstreamSecret: `${id}-secret-at-the-upstream-0123456789`,
}));
/** Where a process was killed, its connections break, and so does what it had in hand. */
const KILLED: readonly RegExp[] = [
  /^connection: (?:ECONNRESET|UND_ERR_SOCKET)$/,
  /^(?:token|userinfo|refresh): 502 no JSON$/,
  /^page: 502$/,
];

/** A kept connection of the relay that the upstream closes in the very moment of its use. */
const CLOSED: readonly RegExp[] = [/^page: 503$/];

let upstream: Upstream;
let fleet: Fleet;
let next = 0;
const told = new Map<string, string>();
beforeAll(async () => {
  upstream = await startUpstream({
    users: USERS,
    clients: CLIENTS.map(({ id, redirectUri, upstreamSecret }) => ({
      ...{ client_id: `legacy-${id}`, client_secret: upstreamSecret },
      ...{ redirect_uris: [redirectUri], grant_types: ['authorization_code', 'refresh_token'] },
    })),
  });
  fleet = await startFleet(upstream.issuer, CLIENTS);
});
afterAll(async () => {
  await fleet.close();
  await upstream.close();
});

async function during(
  act: (load: LoginLoad) => Promise<void>,
  allowed: readonly RegExp[],
): Promise<Report> {
  const usernames = [...USERS.slice(0, 5), ...USERS.slice(next + 5)].map(
    ({ username }) => username,
  );
  const load = new LoginLoad({ vendors: () => fleet.vendors(), usernames, atOnce: 6 });
  await load.more(6);
  await act(load);
  await load.more(12);
  const report = await load.end();
  next += report.logins;
  expect(unexpected(report, allowed), JSON.stringify(report)).toEqual([]);
  for (const [user, sub] of load.subjects) {
    expect(told.get(user) ?? sub, `${user} is who he was`).toBe(sub);
    told.set(user, sub);
  }
  await expectStored(fleet.database, told);
  for (const { process } of fleet.replicas) {
    expect(process.log().filter(({ reason }) => reason === 'unexpected')).toEqual([]);
  }
  return report;
}

describe('logins at three replicas', () => {
  it('go on while each is killed (SIGKILL) and started again', async () => {
    const report = await during(async (load) => {
      for (const replica of fleet.replicas) {
        replica.process.signal('SIGKILL');
        await replica.process.ended;
        await load.more(6);
        await fleet.restart(replica);
      }
    }, KILLED);
    expect(report.logins).toBeGreaterThan(18);
  });

  it('all succeed while each is drained (SIGTERM) and started again', async () => {
    const report = await during(async (load) => {
      for (const replica of fleet.replicas) {
        replica.process.signal('SIGTERM');
        expect(await replica.process.ended).toMatchObject({ code: 0, signal: null });
        await load.more(6);
        await fleet.restart(replica);
      }
    }, []);
    expect(report.failures).toEqual({});
  });

  it('go on while the signing keys change, here and at the upstream', async () => {
    const report = await during(async (load) => {
      for (let turn = 0; turn < 3; turn += 1) {
        const { code, stderr, stdout } = await fleet.run('keys', 'rotate');
        expect(code, `${stderr}${stdout}`).toBe(0);
        await upstream.rotateKeys();
        await load.more(6);
      }
    }, CLOSED);
    expect(report.logins).toBeGreaterThan(18);
  });

  it('keep their subjects while phases change, and each login has the subject of one phase', async () => {
    const rollout = async (...args: readonly string[]): Promise<void> => {
      const { code, stderr, stdout } = await fleet.run('rollout', ...args);
      expect(code, `${stderr}${stdout}`).toBe(0);
    };
    const report = await during(async (load) => {
      // Shadow and public tell the original subject: another vendor's logins show that it is his alone.
      await rollout('set', 'acme-web', 'pairwise', '--percent', '100', '--reason', 'test');
      await load.more(6);
      await rollout('set', 'bolt-web', 'pairwise', '--percent', '100', '--reason', 'test');
      await load.more(6);
      await rollout('rollback', 'acme-web', '--reason', 'test');
      await sleep(2500);
      await load.more(6);
    }, []);
    expect(report.failures).toEqual({});
  });
});

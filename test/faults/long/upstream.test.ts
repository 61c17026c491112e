/*
 * An upstream that is there and does not work: slow beyond waiting, gone quiet in the
 * middle, with a clock of its own. Under login load, as in test/faults/under-load.test.ts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { freePort } from '../../support/free-port.ts';
import type { LoadedWorld } from '../../support/loaded-world.ts';
import { AWAY, loadedWorld } from '../../support/loaded-world.ts';
import { openTcpGate } from '../../support/tcp-gate.ts';
import type { TcpGate } from '../../support/tcp-gate.ts';
import type { Endpoint, Fault } from '../../support/upstream/faults.ts';
import {
  badlyCompressed,
  brokenJson,
  delayed,
  dropped,
  htmlPage,
  oversized,
  status,
  trickled,
  truncated,
} from '../../support/upstream/faults.ts';
import { forgedIdToken, withClaims } from '../../support/upstream/forged-id-token.ts';

vi.setConfig({ testTimeout: 600_000 });

const CUT: readonly RegExp[] = [
  ...AWAY,
  /^(?:token|userinfo|refresh): 502 server_error$/,
  /^page: 50[023]$/,
  /^connection: (?:UND_ERR_SOCKET|ECONNRESET)$/,
];

describe('logins go on after an upstream that', () => {
  let loaded: LoadedWorld;
  let gate: TcpGate;
  beforeAll(async () => {
    const port = await freePort();
    gate = await openTcpGate(port);
    loaded = await loadedWorld({
      upstreamPort: port,
      environment: { UPSTREAM_URL: `http://127.0.0.1:${gate.port}` },
    });
  });
  afterAll(async () => {
    await loaded.close();
    await gate.close();
  });
  afterEach(() => loaded.world.upstream.faults.clear());

  it('answers byte by byte (slow-loris)', async () => {
    const { faults } = loaded.world.upstream;
    const report = await loaded.during(async (load) => {
      for (const endpoint of ['token', 'userinfo'] as const) faults.arm(endpoint, trickled(100));
      await load.failed(4);
      faults.clear();
    }, CUT);
    expect(report.failures).not.toEqual({});
  });

  it('answers late', async () => {
    const { faults } = loaded.world.upstream;
    await loaded.during(async (load) => {
      for (const endpoint of ['token', 'userinfo', 'authorize'] as const) {
        faults.arm(endpoint, delayed(3000));
      }
      await load.more(4);
      faults.clear();
    }, AWAY);
  });

  it('ends its half of the connections', async () => {
    const report = await loaded.during(async (load) => {
      for (const bytes of [10, 300, 1500]) {
        gate.halfCloseAfter(bytes);
        await load.failed(3);
      }
      gate.pass();
    }, CUT);
    expect(report.failures).not.toEqual({});
  });

  it('resets its connections', async () => {
    const report = await loaded.during(async (load) => {
      for (const bytes of [10, 300, 1500]) {
        gate.resetAfter(bytes);
        await load.failed(3);
      }
      gate.pass();
    }, CUT);
    expect(report.failures).not.toEqual({});
  });

  it('falls silent, its connections open', async () => {
    const report = await loaded.during(async (load) => {
      gate.freeze();
      await load.failed(4);
      gate.thaw();
    }, CUT);
    expect(report.failures).not.toEqual({});
  });

  it.each([-600, 600])('has a clock that is %d seconds off', async (seconds) => {
    const { upstream } = loaded.world;
    const report = await loaded.during(async (load) => {
      const shifted = withClaims(upstream.signingKey(), ({ iat = 0, exp = 0 }) => ({
        // An hour's token that is ten minutes old is good; one of the future is not.
        ...{ iat: iat + seconds, exp: Math.min(exp, iat + 300) + seconds },
      }));
      upstream.faults.arm('token', forgedIdToken(shifted));
      await load.failed(4);
      upstream.faults.clear();
    }, CUT);
    expect(Object.keys(report.failures)).toContain('token: 502 server_error');
  });

  it('answers garbage', async () => {
    const { faults } = loaded.world.upstream;
    const garbage: readonly Fault[] = [
      ...[truncated(), brokenJson(), htmlPage(), status(500), dropped(), badlyCompressed()],
      oversized(2_000_000),
    ];
    const endpoints: readonly Endpoint[] = ['token', 'userinfo', 'authorize', 'login', 'jwks'];
    const report = await loaded.during(
      async (load) => {
        // A page is passed on, whatever it says.
        for (const fault of garbage) {
          for (const endpoint of endpoints) faults.arm(endpoint, fault);
          await load.failed(3);
        }
        faults.clear();
      },
      [...CUT, /^page: 200$/],
    );
    expect(report.failures).not.toEqual({});
  });
});

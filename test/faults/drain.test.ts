import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, VendorByHand } from '../support/by-hand.ts';
import { freePort } from '../support/free-port.ts';
import { startReadyBalancer } from '../support/ready-balancer.ts';
import type { Replica } from '../support/ready-balancer.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { ProxyProcess } from '../support/serve-process.ts';
import { startProcess } from '../support/serve-process.ts';
import { delayed } from '../support/upstream/faults.ts';
import type { Upstream } from '../support/upstream/start.ts';
import { startUpstream } from '../support/upstream/start.ts';

/*
 * A replica is taken away, as at every deployment, while vendors and users go on. The balancer
 * in front tries no request twice: whatever a replica does not answer is counted.
 */

const REDIRECT_URI = 'http://127.0.0.1:1/callback';
const SECRET = 'acme-secret-0123456789-0123456789';
const UPSTREAM_SECRET = 'upstream-secret-0123456789-0123456789';

let upstream: Upstream;
let folder: string;
const running: ProxyProcess[] = [];
beforeAll(async () => {
  upstream = await startUpstream({
    clients: [
      { client_id: 'legacy', client_secret: UPSTREAM_SECRET, redirect_uris: [REDIRECT_URI] },
    ],
  });
  folder = await scratchFolder('drain-');
});
afterAll(async () => {
  for (const started of running) {
    started.signal('SIGKILL');
    await started.ended;
  }
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

function start(args: readonly string[], environment: Record<string, string>): ProxyProcess {
  const started = startProcess(args, environment);
  running.push(started);
  return started;
}

it('SIGTERM behind a load balancer that honours /readyz costs no request', async () => {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const environment = {
    ISSUER: issuer,
    UPSTREAM_ISSUER: upstream.issuer,
    DATABASE_URL: `sqlite:${join(folder, 'pairwise.sqlite')}`,
    // The test itself says when the balancer has seen enough.
    DRAIN_DELAY: '600',
  };
  const file = join(folder, 'acme.yaml');
  await writeFile(
    file,
    `vendors: [{id: acme, name: Acme, clients: [{client_id: acme-web, client_secret: ${SECRET},
      upstream: {client_id: legacy, client_secret: ${UPSTREAM_SECRET}},
      redirect_uris: ['${REDIRECT_URI}']}]}]`,
  );
  const applied = await start(['apply', '-f', file], environment).ended;
  expect(applied, applied.stderr).toMatchObject({ code: 0 });
  const ports: number[] = [];
  while (ports.length < 4) ports.push(await freePort());
  const startReplica = async (own: readonly number[]) => {
    const [PUBLIC_LISTEN = '', ADMIN_LISTEN = ''] = own.map((each) => `127.0.0.1:${each}`);
    const process = start(['serve'], { ...environment, PUBLIC_LISTEN, ADMIN_LISTEN });
    await process.logged((line) => line['msg'] === 'listening');
    return { process, address: `http://${PUBLIC_LISTEN}`, admin: `http://${ADMIN_LISTEN}` };
  };
  const starting = [ports.slice(0, 2), ports.slice(2)].map(startReplica);
  const replicas: readonly (Replica & { process: ProxyProcess })[] = await Promise.all(starting);
  const [leaving, staying] = replicas;
  if (leaving === undefined || staying === undefined) throw new Error('there are two');
  const balancer = await startReadyBalancer(replicas, port);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await sleep(10);
  };
  await until(() => balancer.ready().length === 2);

  const acme = new VendorByHand({
    ...{ issuer, clientId: 'acme-web', redirectUri: REDIRECT_URI, secret: SECRET },
  });
  let isOver = false;
  const unexpected: string[] = [];
  const repeat = async (name: string, wanted: number, once: () => Promise<{ status: number }>) => {
    while (!isOver) {
      const { status } = await once().catch((error: unknown) => {
        return { status: 0, error: String(error) };
      });
      if (status !== wanted) unexpected.push(`${name}: ${status}`);
    }
  };
  const load = Promise.all([
    repeat('jwks', 200, () => ask(`${issuer}/oidc/jwks`)),
    repeat('authorize', 303, () => ask(acme.request().url)),
    repeat('login', 200, async () => acme.redeem(await acme.begin(new Browser()))),
    repeat('login', 200, async () => acme.redeem(await acme.begin(new Browser(), 'bob'))),
  ]);
  const served = ({ address }: Replica): number => balancer.served.get(address) ?? 0;
  await until(() => served(leaving) > 10 && served(staying) > 10);

  // Some of these are under way in the one that leaves, and take longer than it stays open.
  for (let slow = 0; slow < 4; slow += 1) upstream.faults.arm('token', delayed(1000), 1);
  leaving.process.signal('SIGTERM');
  await leaving.process.logged((line) => line['msg'] === 'draining');
  const readiness = await ask(`${leaving.admin}/readyz`);
  expect([readiness.status, readiness.body]).toEqual([
    503,
    expect.stringContaining('"serving":false'),
  ]);
  const late = await ask(`${leaving.address}/oidc/jwks`);
  expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
  await until(() => balancer.ready().length === 1);
  leaving.process.signal('SIGTERM');
  expect(await leaving.process.ended).toMatchObject({ code: 0, signal: null });
  const before = served(staying);
  await until(() => served(staying) > before + 10);
  isOver = true;
  await load;
  await balancer.close();
  expect(balancer.failures).toEqual([]);
  expect(unexpected).toEqual([]);
}, 180_000);

import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, VendorByHand } from '../support/by-hand.ts';
import { emptyDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { listen } from '../support/listen.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { ProxyProcess } from '../support/serve-process.ts';
import { startProcess } from '../support/serve-process.ts';
import { delayed } from '../support/upstream/faults.ts';
import type { Upstream } from '../support/upstream/start.ts';
import { startUpstream } from '../support/upstream/start.ts';

const REDIRECT_URI = 'http://127.0.0.1:1/callback';
const SECRET = 'acme-secret-0123456789-0123456789';
const UPSTREAM_SECRET = 'upstream-secret-0123456789-0123456789';

let upstream: Upstream;
let folder: string;
beforeAll(async () => {
  upstream = await startUpstream({
    clients: [
      { client_id: 'legacy', client_secret: UPSTREAM_SECRET, redirect_uris: [REDIRECT_URI] },
    ],
  });
  folder = await scratchFolder('process-');
});
afterAll(async () => {
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

const running: ProxyProcess[] = [];
afterEach(async () => {
  upstream.faults.clear();
  for (const started of running.splice(0)) {
    started.signal('SIGKILL');
    await started.ended;
  }
});

interface Serving {
  readonly process: ProxyProcess;
  readonly issuer: string;
  readonly admin: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The environment of a `serve` on free ports. */
async function environmentFor(database: string, more: Record<string, string> = {}) {
  const port = await freePort();
  const adminPort = await freePort();
  return {
    ISSUER: `http://localhost:${port}`,
    PUBLIC_LISTEN: `127.0.0.1:${port}`,
    ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    UPSTREAM_ISSUER: upstream.issuer,
    DATABASE_URL: database,
    ...more,
  };
}

function start(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const started = startProcess(args, environment);
  running.push(started);
  return started;
}

async function serving(database: string, more: Record<string, string> = {}): Promise<Serving> {
  const environment = await environmentFor(database, more);
  const started = start(['serve'], environment);
  await started.logged((line) => line['msg'] === 'listening');
  const admin = `http://${environment.ADMIN_LISTEN}`;
  return { process: started, issuer: environment.ISSUER, admin, environment };
}

async function ready({ admin }: Serving): Promise<void> {
  while ((await ask(`${admin}/readyz`)).status !== 200) await sleep(50);
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

async function fresh(name: string): Promise<string> {
  const own = join(folder, name);
  await mkdir(own);
  return `sqlite:${join(own, 'pairwise.sqlite')}`;
}

/** Registers a client by the command line, and waits until the proxy knows it. */
async function registered(proxy: Serving): Promise<VendorByHand> {
  const file = join(folder, 'acme.yaml');
  await writeFile(
    file,
    `vendors: [{id: acme, name: Acme, clients: [{client_id: acme-web, client_secret: ${SECRET},
      upstream: {client_id: legacy, client_secret: ${UPSTREAM_SECRET}},
      redirect_uris: ['${REDIRECT_URI}']}]}]`,
  );
  const applied = await start(['apply', '-f', file], proxy.environment).ended;
  expect(applied, applied.stderr).toMatchObject({ code: 0 });
  const party = { clientId: 'acme-web', redirectUri: REDIRECT_URI, secret: SECRET };
  const vendor = new VendorByHand({ ...party, issuer: proxy.issuer });
  while ((await ask(vendor.request().url)).status !== 303) await sleep(50);
  return vendor;
}

describe('serve', () => {
  it('tells every mistake of the configuration at once, prints no secret, and exits 2', async () => {
    const wrong = {
      ISSUER: 'http://login.example',
      PUBLIC_LISTEN: 'nowhere',
      TRUSTED_PROXIES: '0.0.0.0/0',
      WORKERS: 'many',
      MAX_STALENESS: 'long',
      MASTER_KEY: 'far-too-short-a-secret',
      DATABASE_URL: 'mysql://user:hidden-password@127.0.0.1:1',
      FRONT_CHANNEL: 'popup',
    };
    const ended = await start(['serve'], wrong).ended;
    expect(ended.code).toBe(2);
    const told = `${ended.stdout}${ended.stderr}`;
    for (const name of [...Object.keys(wrong), 'UPSTREAM_ISSUER']) expect(told).toContain(name);
    expect(told).not.toContain('far-too-short-a-secret');
    expect(told).not.toContain('hidden-password');
  });

  it('exits 3 on MySQL without a schema, and names what to do', async () => {
    const database = await emptyDatabase('mysql');
    try {
      const location = database.location.dialect === 'mysql' ? database.location.url : '';
      const secrets = { MASTER_KEY: randomSecret(), PAIRWISE_SALT: randomSecret() };
      const environment = await environmentFor(location, secrets);
      const ended = await start(['serve'], environment).ended;
      expect(ended.code, ended.stderr).toBe(3);
      expect(ended.stderr).toContain('migrate up');
      expect(ended.stderr + ended.stdout).not.toContain(new URL(location).password);
    } finally {
      await database.close();
    }
  });

  it('migrates SQLite by itself, is ready, and ends with 0 when asked to', async () => {
    const proxy = await serving(await fresh('alone'));
    await ready(proxy);
    expect((await ask(`${proxy.issuer}/.well-known/openid-configuration`)).status).toBe(200);
    proxy.process.signal('SIGTERM');
    expect(await proxy.process.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  it('answers what is in flight before it ends, and takes nothing new', async () => {
    const proxy = await serving(await fresh('drain'));
    await ready(proxy);
    const acme = await registered(proxy);
    const { code, verifier } = await acme.begin(new Browser());
    const agent = new Agent({ keepAliveTimeout: 60_000 });
    upstream.faults.arm('token', delayed(1500), 1);
    const before = upstream.requests.length;
    const inFlight = request(`${proxy.issuer}/oidc/token`, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: acme.basic,
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT_URI,
        code_verifier: verifier,
      }).toString(),
    });
    while (upstream.requests.length === before) await sleep(10);
    const asked = Date.now();
    proxy.process.signal('SIGTERM');
    await proxy.process.logged((line) => line['msg'] === 'draining');
    await expect(ask(`${proxy.issuer}/oidc/jwks`)).rejects.toThrow();
    const answer = await inFlight;
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.json()).toHaveProperty('id_token');
    expect(await proxy.process.ended).toMatchObject({ code: 0, signal: null });
    expect(Date.now() - asked, 'a kept-alive connection holds nothing up').toBeLessThan(6000);
    await agent.close();
  });

  it('shares one SQLite file with another serve, started at the same moment', async () => {
    const database = await fresh('shared');
    const [one, two] = await Promise.all([serving(database), serving(database)]);
    await Promise.all([ready(one), ready(two)]);
    const acme = await registered(one);
    const begun = await acme.begin(new Browser());
    while ((await ask(acme.request().url)).status !== 303) await sleep(50);
    const atTwo = new VendorByHand({
      ...{ issuer: two.issuer, clientId: 'acme-web' },
      ...{ redirectUri: REDIRECT_URI, secret: SECRET },
    });
    while ((await ask(atTwo.request().url)).status !== 303) await sleep(50);
    expect((await atTwo.redeem(begun)).status, 'the code of the one is good at the other').toBe(
      200,
    );
    expect((await acme.redeem(begun)).status, 'and only once').toBe(400);
    const keys = await Promise.all([one, two].map(({ issuer }) => ask(`${issuer}/oidc/jwks`)));
    expect(keys[0]?.body).toBe(keys[1]?.body);
  });

  it('takes no request before the upstream had a moment to answer, and the first one is served', async () => {
    upstream.faults.arm('discovery', delayed(300), 1);
    const proxy = await serving(await fresh('first-look'));
    const checks = (await ask(`${proxy.admin}/readyz`)).body;
    expect(JSON.parse(checks)).toMatchObject({ status: 'ready' });
  });

  it(
    'with two workers outlives the death of one, and ends with all of them',
    { timeout: 180_000 },
    async () => {
      const proxy = await serving(await fresh('workers'), { WORKERS: '2', ADMIN_TOKEN: 'admin' });
      const pids = (): number[] => {
        const lines = proxy.process.log().filter((line) => line['msg'] === 'listening');
        return lines.map((line) => Number(line['pid']));
      };
      while (pids().length < 2) await sleep(20);
      await ready(proxy);
      const acme = await registered(proxy);
      const [first = 0] = pids();
      expect(new Set(pids()).size).toBe(2);
      expect(pids()).not.toContain(proxy.process.pid);
      // Whichever worker is asked.
      const scraped = await ask(`${proxy.admin}/metrics`);
      expect(scraped.body).toMatch(/^pairwise_workers\{log_level="info"\} 2$/m);
      expect(scraped.body).toMatch(/^nodejs_version_info/m);
      const louder = await ask(`${proxy.admin}/admin/v1/log-level`, {
        method: 'PUT',
        headers: { authorization: 'Bearer admin', 'content-type': 'application/json' },
        body: JSON.stringify({ level: 'debug' }),
      });
      expect(louder.status, louder.body).toBe(200);
      // Each of them, whichever was asked, and the one that takes the place of another.
      const loud = /^pairwise_workers\{log_level="debug"\} 2$/m;
      const areLoud = async () => loud.test((await ask(`${proxy.admin}/metrics`)).body);
      while (!(await areLoud())) await sleep(20);
      process.kill(first, 'SIGKILL');
      await proxy.process.logged((line) => line['msg'] === 'a worker died and is replaced');
      const statuses = await Promise.all(
        Array.from({ length: 10 }, async () => (await ask(`${proxy.issuer}/oidc/jwks`)).status),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
      while (pids().length < 3) await sleep(20);
      while (!(await areLoud())) await sleep(20);
      const begun = await acme.begin(new Browser());
      upstream.faults.arm('token', delayed(800), 1);
      const before = upstream.requests.length;
      const inFlight = acme.redeem(begun);
      while (upstream.requests.length === before) await sleep(10);
      proxy.process.signal('SIGTERM');
      expect((await inFlight).status, 'in flight in a worker').toBe(200);
      expect(await proxy.process.ended).toMatchObject({ code: 0, signal: null });
      for (const pid of pids()) expect(() => process.kill(pid, 0)).toThrow();
    },
  );

  it.each([
    ['1', 'PUBLIC_LISTEN'],
    ['2', 'ADMIN_LISTEN'],
  ])('ends where a port is taken by another program: %s worker, %s', async (n, which) => {
    const taken = await listen(() => undefined);
    try {
      const environment = await environmentFor(await fresh(`taken-${n}-${which}`), {
        [which]: `127.0.0.1:${taken.port}`,
        WORKERS: n,
      });
      const ended = await start(['serve'], environment).ended;
      expect(ended.code).toBe(1);
      expect(`${ended.stderr}${ended.stdout}`).toContain(String(taken.port));
    } finally {
      await taken.close();
    }
  });
});

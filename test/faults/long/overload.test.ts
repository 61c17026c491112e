/*
 * One process, asked for twice of what it can answer; then ten thousand connections that
 * say nothing, and some that say it slowly. What is taken is answered in time, what is not
 * is told when to come again, memory stays where it was, and it is over when it is over.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request as send } from 'undici';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import type { VendorByHand } from '../../support/by-hand.ts';
import { ask } from '../../support/by-hand.ts';
import type { Fleet, Replica } from '../../support/fleet.ts';
import { startFleet } from '../../support/fleet.ts';
import type { QuickProvider } from '../../support/upstream/quick-provider.ts';
import { startQuickProvider } from '../../support/upstream/quick-provider.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const MEBIBYTE = 1024 * 1024;
const SECONDS = 60;

let provider: QuickProvider;
let fleet: Fleet;
let replica: Replica;
let acme: VendorByHand;
beforeAll(async () => {
  provider = await startQuickProvider();
  const redirectUri = 'http://127.0.0.1:1/callback';
  const client = { id: 'acme', redirectUri, upstreamSecret: 'quick-secret-0123456789' };
  fleet = await startFleet(provider.issuer, [client], 1);
  const [only] = fleet.replicas;
  const [vendor] = fleet.vendors(only);
  if (only === undefined || vendor === undefined) throw new Error('no replica');
  replica = only;
  acme = vendor;
});
afterAll(async () => {
  await fleet.close();
  await provider.close();
});

/** Bytes that the process holds in memory. */
function resident(): number {
  const text = readFileSync(`/proc/${replica.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
}

/** A token request whose code is none: authentication, unsealing, a refusal. */
async function tokenRequest(dispatcher: Agent): Promise<{ status: number; retryAfter: boolean }> {
  const answer = await send(`http://localhost:${replica.port}/oidc/token`, {
    ...{ method: 'POST', dispatcher },
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: acme.basic,
    },
    body: `grant_type=authorization_code&code=x&redirect_uri=${encodeURIComponent(acme.redirectUri)}&code_verifier=${'v'.repeat(43)}`,
  });
  await answer.body.dump();
  return { status: answer.statusCode, retryAfter: 'retry-after' in answer.headers };
}

it(`twice the capacity for ${SECONDS} s is answered in time, or refused with Retry-After`, async () => {
  const few = new Agent({ connections: 16 });
  const many = new Agent({ connections: 2000 });
  let done = 0;
  const until = performance.now() + 5000;
  const closed = Array.from({ length: 16 }, async () => {
    while (performance.now() < until) {
      await tokenRequest(few);
      done += 1;
    }
  });
  await Promise.all(closed);
  const capacity = done / 5;
  const before = resident();
  const latencies: number[] = [];
  const statuses = new Map<string, number>();
  const asked: Promise<void>[] = [];
  const note = async (): Promise<void> => {
    const began = performance.now();
    const { status, retryAfter } = await tokenRequest(many);
    if (status !== 503) latencies.push(performance.now() - began);
    const kind = `${status}${retryAfter ? ' retry-after' : ''}`;
    statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
  };
  let most = before;
  for (let tick = 0; tick < SECONDS * 20; tick += 1) {
    for (let n = 0; n < capacity / 10; n += 1) {
      asked.push(note());
    }
    most = Math.max(most, resident());
    await sleep(50);
  }
  await Promise.all(asked);
  latencies.sort((a, b) => a - b);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  console.log({ capacity, statuses, p99, before, most });
  expect(
    [...statuses.keys()].filter((each) => each !== '400' && each !== '503 retry-after'),
  ).toEqual([]);
  expect(most - before).toBeLessThan(250 * MEBIBYTE);
  // At once: the next one is served as before.
  const began = performance.now();
  expect((await tokenRequest(few)).status).toBe(400);
  expect(performance.now() - began).toBeLessThan(2000);
  await few.close();
  await many.close();
});

it('ten thousand idle connections and some slow ones keep nobody out', async () => {
  const before = resident();
  const idle: Socket[] = [];
  for (let n = 0; n < 10_000; n += 1) {
    const socket = connect(replica.port, '127.0.0.1');
    socket.on('error', () => {});
    idle.push(socket);
    if (n % 200 === 199) await sleep(5);
  }
  while (idle.filter(({ readyState }) => readyState === 'open').length < 10_000) await sleep(20);
  const slow = idle.slice(0, 300);
  for (const [n, socket] of slow.entries()) {
    const head = 'POST /oidc/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n';
    // Some are slow with their head, some with their body.
    socket.write(n % 2 === 0 ? head : `${head}\r\ngrant`);
  }
  for (let second = 0; second < 10; second += 1) {
    for (const socket of slow) socket.write('x');
    const answer = await ask(`http://localhost:${replica.port}/oidc/jwks`);
    expect(answer.status).toBe(200);
    await sleep(1000);
  }
  console.log({ idle: idle.length, before, now: resident() });
  expect(resident() - before).toBeLessThan(400 * MEBIBYTE);
  for (const socket of idle) socket.destroy();
  const fresh = new Agent();
  expect((await tokenRequest(fresh)).status).toBe(400);
  await fresh.close();
});

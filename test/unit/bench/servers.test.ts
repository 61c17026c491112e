import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WORK, passedThrough } from '../../bench/speed/cases.ts';
import { loadByAutocannon } from '../../bench/speed/load-by-autocannon.ts';
import { loadGenerator } from '../../bench/speed/load.ts';
import type { LoadPlan } from '../../bench/speed/load.ts';
import type { ServerProcess } from '../../bench/speed/server-process.ts';
import { startScript } from '../../bench/speed/server-process.ts';
import { upstreamToken } from '../../bench/speed/upstream-answers.ts';
import { usageOf } from '../../bench/speed/usage.ts';
import { freePort } from '../../support/free-port.ts';

const READY = '/.well-known/openid-configuration';
let folder: string;
let stub: ServerProcess;
let bare: ServerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  const answers = join(folder, 'answers');
  const lines = [
    [READY, '{"issuer":"stub"}'],
    [upstreamToken('refresh', 7), '{"access_token":"of 7"}'],
    [upstreamToken('access', 7), '{"sub":"7"}'],
  ];
  await writeFile(answers, lines.map((line) => JSON.stringify(line)).join('\n'));
  stub = await startScript('stub', { port: await freePort(), answers }, READY);
  const target = `http://127.0.0.1:${stub.port}`;
  bare = await startScript('bare', { port: await freePort(), target }, READY);
});

afterAll(async () => {
  await bare.stop();
  await stub.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The seventh user's request of a kind of work. */
async function seventh(work: string): Promise<unknown> {
  const plan = await passedThrough('bare', bare)
    .find((each) => each.work === work)
    ?.plan();
  const value = plan?.values?.[7] ?? '';
  const isForm = plan?.varies === 'body';
  const response = await fetch(plan?.url ?? '', {
    ...{ method: plan?.method ?? '', ...(isForm && { body: value }) },
    headers: { ...plan?.headers, ...(!isForm && { authorization: value }) },
  });
  return response.json();
}

test('the bare pass-through brings the answer that the upstream has for each token', async () => {
  expect(await seventh(WORK.token)).toEqual({ access_token: 'of 7' });
  expect(await seventh(WORK.userinfo)).toEqual({ sub: '7' });
});

test('a load sends every value in turns, and tells answers from failures', async () => {
  const { load } = await loadGenerator();
  const known = `Bearer ${upstreamToken('access', 7)}`;
  const plan: LoadPlan = {
    ...({ url: `http://127.0.0.1:${bare.port}/userinfo`, method: 'GET', headers: {} } as const),
    ...({ varies: 'authorization', values: [known, 'Bearer unknown'] } as const),
    ...{ connections: 2, seconds: 1 },
  };
  const before = await usageOf(bare.pid);
  for (const each of new Set([load, loadByAutocannon])) {
    const { requests, failures, p50, p99 } = await each(plan);
    expect(requests).toBeGreaterThan(0);
    expect(Math.abs(requests - 2 * failures)).toBeLessThanOrEqual(3);
    expect(p99).toBeGreaterThanOrEqual(p50);
  }
  const after = await usageOf(bare.pid);
  expect(after.processor).toBeGreaterThan(before.processor);
  expect(after.resident).toBeGreaterThan(2 ** 20);
});

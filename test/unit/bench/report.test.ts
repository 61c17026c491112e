import { describe, expect, test } from 'vitest';
import { WORK } from '../../bench/speed/cases.ts';
import { goalsOf } from '../../bench/speed/goals.ts';
import type { Figures } from '../../bench/speed/measure.ts';
import { measureInTurns } from '../../bench/speed/measure.ts';
import { figuresTable, goalsTable } from '../../bench/speed/report.ts';

const COSTS = { verifyRS256: 0.04, signES256: 0.05, signRS256: 0.3, seal: 0.01, unseal: 0.01 };

function figures(target: string, work: string, more: Partial<Figures> = {}): Figures {
  const plain = { throughput: 1000, p50: 1, p99: 2, processor: 0.2, resident: 2 ** 27 };
  return { target, work, ...plain, failures: 0, ...more };
}

/** Everybody does everything alike, but for what is said. */
function run(...others: readonly Figures[]): readonly Figures[] {
  const alike = ['proxy', 'bare', 'oidc-provider', 'upstream', '2 workers'].flatMap((target) =>
    Object.values(WORK).map((work) => figures(target, work)),
  );
  return [...others, ...alike];
}

function goal(name: RegExp, ...others: readonly Figures[]) {
  const goals = goalsOf({ figures: run(...others), costs: COSTS, startMilliseconds: 800 });
  return goals.find((each) => name.test(each.name));
}

describe('a goal', () => {
  test('of processor time counts from the bare pass-through and its cryptography', () => {
    // 0.2 of the pass-through, one verification, one signature, three times AES-GCM.
    const floor = 0.2 + 0.04 + 0.05 + 3 * 0.01;
    const slow = figures('proxy', WORK.tokenES256, { processor: 1.5 * floor });
    expect(goal(/^token \(ES256\): processor/, slow)).toMatchObject({ met: false });
    expect(goal(/^token \(ES256\): processor/, slow)?.value).toBeCloseTo(1.5);
    const fast = figures('proxy', WORK.tokenES256, { processor: 1.1 * floor });
    expect(goal(/^token \(ES256\): processor/, fast)).toMatchObject({ met: true });
  });

  test('of throughput is one server against another at the same work', () => {
    const twice = figures('proxy', WORK.discovery, { throughput: 2100 });
    expect(goal(/^discovery/, twice)).toMatchObject({ value: 2.1, met: true });
    expect(goal(/^discovery/)).toMatchObject({ value: 1, met: false });
    const own = figures('oidc-provider', WORK.tokenRS256, { throughput: 500 });
    expect(goal(/RS256\).*oidc-provider/, own)).toMatchObject({ value: 2, met: true });
  });

  test('of latency is what comes on top of the upstream', () => {
    const late = figures('proxy', WORK.latency, { p50: 2.5 });
    expect(goal(/one at a time/, late)).toMatchObject({ value: 1.5, met: false });
  });

  test('stands in the table with its bound, and as met or not met', () => {
    const goals = goalsOf({ figures: run(), costs: COSTS, startMilliseconds: 800 });
    const lines = goalsTable(goals).split('\n');
    expect(lines.find((line) => line.includes('start to ready'))).toMatch(
      /at most 1 s .* 0\.80 s .* met /,
    );
    expect(lines.find((line) => line.includes('discovery'))).toMatch(/at least 2 .* not met /);
  });
});

test('the table shows each figure beside the bare pass-through, of whatever algorithm it is', () => {
  const table = figuresTable([
    figures('bare', WORK.token, { throughput: 2000 }),
    figures('proxy', WORK.tokenES256, { throughput: 500, processor: 0.4321 }),
  ]);
  expect(table.split('\n').find((line) => line.includes('proxy'))).toMatch(
    /token \(ES256\) .* 500 .* 0\.25 .* 0\.432 .* 128 /,
  );
});

test('cases are loaded in turns, and come to their medians', async () => {
  const order: string[] = [];
  const requests = [100, 900, 200, 1000, 300, 1100];
  const load = async ({ url }: { url: string }) => {
    order.push(url);
    const each = { seconds: 1, p50: 1, p99: 1, failures: 1 };
    return { ...each, requests: requests.shift() ?? Number.NaN };
  };
  const of = (target: string) => ({
    ...{ target, work: 'page', pid: process.pid },
    plan: () => ({ url: target, method: 'GET' as const, headers: {}, connections: 1 }),
  });
  const measured = await measureInTurns([of('a'), of('b')], load, {
    ...{ rounds: 3, seconds: 1, warmSeconds: 0 },
  });
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  expect(measured).toMatchObject([
    { target: 'a', throughput: 200, failures: 3 },
    { target: 'b', throughput: 1000, failures: 3 },
  ]);
});

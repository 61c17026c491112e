import { loadavg } from 'node:os';

import {
  WORK,
  firstLogins,
  ownProviderCases,
  passedThrough,
  proxyCases,
  workerCase,
} from './cases.ts';
import { asynchronousCosts, synchronousCosts } from './floor.ts';
import { goalsOf } from './goals.ts';
import { loadGenerator } from './load.ts';
import type { Figures } from './measure.ts';
import { measureInTurns } from './measure.ts';
import { costsTable, figuresTable, goalsTable } from './report.ts';
import { startScene } from './scene.ts';
import type { Scene } from './scene.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3);
const WARM_SECONDS = SECONDS;

/** What nginx is asked for: it is there for comparison alone. */
const BESIDE: ReadonlySet<string> = new Set([WORK.token, WORK.userinfo, WORK.page]);

/**
 * Loads a bare pass-through, a provider with pairwise subjects of its own and the proxy in turns
 * over the same upstream, and says what each does and which goals that meets.
 */
export async function measureSpeed(): Promise<string> {
  const { name, load } = await loadGenerator();
  const scene = await startScene();
  try {
    if (scene.nginx === undefined) console.log('nginx is not installed, and is left out.');
    const busy = loadavg()[0]?.toFixed(1);
    const costs = { here: await synchronousCosts(), elsewhere: await asynchronousCosts() };
    const measure = (cases: Parameters<typeof measureInTurns>[0], warmSeconds = WARM_SECONDS) =>
      measureInTurns(cases, load, { rounds: ROUNDS, seconds: SECONDS, warmSeconds });
    const figures: Figures[] = [...(await measure(await allCases(scene)))];
    // Codes are good only once, so nothing can be tried before.
    figures.push(...(await measure([firstLogins(scene)], 0)));
    const two = await scene.startWorkers(2);
    figures.push(...(await measure([await workerCase(scene, two)])));
    const { startMilliseconds } = scene.proxy;
    const ordered = figures.toSorted((one, other) => one.work.localeCompare(other.work));
    return [
      `speed: ${name}, ${ROUNDS} rounds of ${SECONDS} s in turns, medians; load average before: ${busy}`,
      figuresTable(ordered),
      costsTable(costs.here, costs.elsewhere),
      goalsTable(goalsOf({ figures, costs: costs.here, startMilliseconds })),
    ].join('\n');
  } finally {
    await scene.close();
  }
}

async function allCases(scene: Scene) {
  const { bare, stub, nginx } = scene;
  return [
    ...passedThrough('upstream', stub).filter(({ work }) => work === WORK.latency),
    ...passedThrough('bare', bare),
    ...(nginx === undefined ? [] : passedThrough('nginx', nginx)).filter(({ work }) =>
      BESIDE.has(work),
    ),
    ...ownProviderCases(scene),
    ...(await proxyCases(scene)),
  ].toSorted((one, other) => one.work.localeCompare(other.work));
}

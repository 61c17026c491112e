import { loadGenerator } from './load.ts';
import { median } from './numbers.ts';
import { proxyCases } from './cases.ts';
import { startScene } from './scene.ts';
import { usageOf } from './usage.ts';

const MINUTES = Number(process.env['BENCH_MINUTES'] ?? 10);
const MIB = 1024 * 1024;
/** MiB after the load, and by how much the second half may differ from its beginning. */
const MOST = 150;
const FLAT = 1.05;

/**
 * Loads the proxy with everything that vendors and browsers ask for, and says what memory it
 * has at the end, and whether that still grew in the second half.
 */
export async function measureSoak(): Promise<string> {
  const { load } = await loadGenerator();
  const scene = await startScene();
  try {
    const cases = await proxyCases(scene);
    const resident: number[] = [];
    let failures = 0;
    const end = performance.now() + MINUTES * 60_000;
    for (let turn = 0; performance.now() < end; turn += 1) {
      const each = cases[turn % cases.length];
      if (each === undefined) break;
      failures += (await load({ ...(await each.plan()), seconds: 5 })).failures;
      resident.push((await usageOf(scene.proxy.pid)).resident / MIB);
    }
    const half = Math.floor(resident.length / 2);
    const quarter = Math.floor(half / 2);
    // Medians of quarters: a single look may fall before or after a collection.
    const third = median(resident.slice(half, half + quarter));
    const last = median(resident.slice(half + quarter));
    return (
      `soak: ${MINUTES} minutes, ${failures} failed; resident memory ` +
      `${last.toFixed(0)} MiB at the end (at most ${MOST}: ${last <= MOST ? 'met' : 'not met'}), ` +
      `${third.toFixed(0)} MiB before (flat: ${last <= third * FLAT ? 'met' : 'not met'})`
    );
  } finally {
    await scene.close();
  }
}

import { ratioOf } from './compare.ts';
import { measureImport } from './import.ts';
import { measureLifecycle } from './lifecycle.ts';
import { sealComparison } from './seal.ts';
import { measureScale } from './speed/scale.ts';
import { measureSoak } from './speed/soak.ts';
import { measureSpeed } from './speed/speed.ts';
import { tokenResponseComparison } from './token-response.ts';

/**
 * `npm run bench [-- NAME …]`. Of comparisons only ratios are printed: both sides
 * run in one process and in turns, so they say the same on a fast and on a slow
 * machine. `speed` loads whole processes in turns; with the comparisons it takes less than ten
 * minutes. What takes longer, or a lot of disk, runs only when it is named.
 */
const COMPARISONS = { seal: sealComparison, 'token-response': tokenResponseComparison };
const MEASUREMENTS = { speed: measureSpeed };
const LONG = {
  ...{ import: measureImport, lifecycle: measureLifecycle },
  ...{ scale: measureScale, soak: measureSoak },
};

const asked = process.argv.slice(2);
const names = Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[];
const measured = { ...MEASUREMENTS, ...LONG };
const measuredNames = Object.keys(measured) as (keyof typeof measured)[];
const all: readonly string[] = [...names, ...measuredNames];
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  process.exitCode = 2;
} else {
  for (const name of names) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const comparison = await COMPARISONS[name]();
    const ratio = await ratioOf(comparison);
    console.log(`${name}: ×${ratio.toFixed(2)} (${comparison.title})`);
  }
  for (const name of measuredNames) {
    const unasked = asked.length === 0 && name in MEASUREMENTS;
    if (unasked || asked.includes(name)) console.log(await measured[name]());
  }
}

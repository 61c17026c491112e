import { ratioOf } from './compare.ts';
import { measureImport } from './import.ts';
import { measureLifecycle } from './lifecycle.ts';
import { sealComparison } from './seal.ts';
import { tokenResponseComparison } from './token-response.ts';

/**
 * `npm run bench [-- NAME …]`. Of comparisons only ratios are printed: both sides
 * run in one process and in turns, so they say the same on a fast and on a slow
 * machine. What takes minutes runs only when it is named.
 */
const COMPARISONS = { seal: sealComparison, 'token-response': tokenResponseComparison };
const LONG = { import: measureImport, lifecycle: measureLifecycle };

const asked = process.argv.slice(2);
const names = Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[];
const longNames = Object.keys(LONG) as (keyof typeof LONG)[];
const all: readonly string[] = [...names, ...longNames];
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
  for (const name of longNames) {
    if (asked.includes(name)) console.log(await LONG[name]());
  }
}

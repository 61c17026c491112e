import { ratioOf } from './compare.ts';
import { sealComparison } from './seal.ts';
import { tokenResponseComparison } from './token-response.ts';

/**
 * `npm run bench [-- NAME …]`. Only ratios are printed: both sides run in one
 * process and in turns, so they say the same on a fast and on a slow machine.
 */
const COMPARISONS = { seal: sealComparison, 'token-response': tokenResponseComparison };

const asked = process.argv.slice(2);
const names = Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[];
const unknown = asked.filter((name) => !names.some((known) => known === name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are ${names.join(', ')}.`);
  process.exitCode = 2;
} else {
  for (const name of names) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const comparison = await COMPARISONS[name]();
    const ratio = await ratioOf(comparison);
    console.log(`${name}: ×${ratio.toFixed(2)} (${comparison.title})`);
  }
}

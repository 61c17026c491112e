import Table from 'cli-table3';

import type { CryptoCosts } from './floor.ts';
import { tokenCost } from './floor.ts';
import type { Goal } from './goals.ts';
import type { Figures } from './measure.ts';

const MIB = 1024 * 1024;
const PLAIN = { style: { head: [], border: [] } };

/** All figures, and each beside what passes the same work through unseen. */
export function figuresTable(figures: readonly Figures[]): string {
  const table = new Table({
    ...PLAIN,
    head: ['work', 'of', '/s', '× bare', 'p50 ms', 'p99 ms', 'cpu ms', 'RSS MiB', 'failed'],
    colAligns: ['left', 'left', ...Array<'right'>(7).fill('right')],
  });
  for (const each of figures) {
    const bare = bareOf(figures, each);
    table.push([
      each.work,
      each.target,
      each.throughput.toFixed(0),
      bare === undefined ? '' : (each.throughput / bare.throughput).toFixed(2),
      ...[each.p50, each.p99].map((time) => time.toFixed(2)),
      each.processor.toFixed(3),
      (each.resident / MIB).toFixed(0),
      each.failures,
    ]);
  }
  return table.toString();
}

/** The same work, or that of which it is a kind: `token (ES256)` beside `token`. */
function bareOf(figures: readonly Figures[], { work }: Figures): Figures | undefined {
  const plain = work.replace(/ \(.*\)$/, '');
  return figures.find((each) => each.target === 'bare' && [work, plain].includes(each.work));
}

/** What cryptography costs, either way. */
export function costsTable(synchronous: CryptoCosts, asynchronous: CryptoCosts): string {
  const table = new Table({
    ...PLAIN,
    head: ['cryptography, cpu ms', 'synchronous', 'asynchronous'],
    colAligns: ['left', 'right', 'right'],
  });
  for (const step of Object.keys(synchronous) as (keyof CryptoCosts)[]) {
    table.push([step, synchronous[step].toFixed(3), asynchronous[step].toFixed(3)]);
  }
  for (const algorithm of ['ES256', 'RS256'] as const) {
    const [here, there] = [synchronous, asynchronous].map((costs) => tokenCost(costs, algorithm));
    const name = `a token response (${algorithm})`;
    table.push([name, here?.toFixed(3) ?? '', there?.toFixed(3) ?? '']);
  }
  return table.toString();
}

/** Every goal, with met or not met. */
export function goalsTable(goals: readonly Goal[]): string {
  const table = new Table({
    ...PLAIN,
    head: ['goal', 'bound', 'measured', ''],
    colAligns: ['left', 'right', 'right', 'left'],
  });
  for (const { name, is, bound, value, unit, met } of goals) {
    const measured = unit === '/s' ? value.toFixed(0) : value.toFixed(2);
    table.push([name, `${is} ${bound} ${unit}`, `${measured} ${unit}`, met ? 'met' : 'not met']);
  }
  return table.toString();
}

import { Bench } from 'tinybench';

import { median } from './speed/numbers.ts';

/** Two ways to the same end, measured side by side. */
export interface Comparison {
  /** What is compared, for the printed line. */
  readonly title: string;
  /** What it costs at least: the bare operation. */
  readonly bare: () => Promise<unknown>;
  /** What the proxy does instead. */
  readonly ours: () => Promise<unknown>;
}

const ROUNDS = 5;
/** Milliseconds that each way runs in a round. */
const ROUND_TIME = 300;

/**
 * How many times the bare operation's time ours takes: the median over rounds
 * in which both take turns, so that a machine that slows down slows both.
 */
export async function ratioOf({ bare, ours }: Comparison): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const bench = new Bench({ time: ROUND_TIME, warmup: round === 0, throws: true });
    bench.add('bare', bare).add('ours', ours);
    const [bareTime, oursTime] = (await bench.run()).map(({ result }) => {
      if (result.state !== 'completed') throw new Error(`a measurement is ${result.state}`);
      return result.latency.p50;
    });
    ratios.push((oursTime ?? Number.NaN) / (bareTime ?? Number.NaN));
  }
  return median(ratios);
}

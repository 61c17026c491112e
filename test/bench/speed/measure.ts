import { median } from './numbers.ts';
import type { LoadGenerator, LoadPlan } from './load.ts';
import { usageOf } from './usage.ts';

/** One server under one kind of load. */
export interface Case {
  readonly target: string;
  readonly work: string;
  /** Of the process that is measured, with all below it. */
  readonly pid: number;
  /** Seconds of load before the first round, where the usual ones are too few for the compiler. */
  readonly warmSeconds?: number;
  /** Made anew for each round: codes are good only once. */
  readonly plan: () => Promise<Omit<LoadPlan, 'seconds'>> | Omit<LoadPlan, 'seconds'>;
}

/** What a case came to: medians over the rounds. */
export interface Figures {
  readonly target: string;
  readonly work: string;
  /** Answers a second. */
  readonly throughput: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Processor milliseconds for each request, children included. */
  readonly processor: number;
  /** Bytes, after the load. */
  readonly resident: number;
  /** Over all rounds. */
  readonly failures: number;
}

export interface Rounds {
  readonly rounds: number;
  /** Of each case in each round. */
  readonly seconds: number;
  /** Before the first round, so that code is compiled and connections are open. */
  readonly warmSeconds: number;
}

/** Loads all cases in turns, so that a machine that slows down slows all of them. */
export async function measureInTurns(
  cases: readonly Case[],
  load: LoadGenerator,
  { rounds, seconds, warmSeconds }: Rounds,
): Promise<readonly Figures[]> {
  const measured: Figures[][] = cases.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, each] of cases.entries()) {
      const warm = each.warmSeconds ?? warmSeconds;
      if (round === 0 && warm > 0) await load({ ...(await each.plan()), seconds: warm });
      measured[index]?.push(await measure(each, load, seconds));
    }
  }
  return measured.map(summary);
}

async function measure(each: Case, load: LoadGenerator, seconds: number): Promise<Figures> {
  const plan = { ...(await each.plan()), seconds };
  const before = await usageOf(each.pid);
  const result = await load(plan);
  const after = await usageOf(each.pid);
  const { target, work } = each;
  return {
    ...{ target, work, p50: result.p50, p99: result.p99, failures: result.failures },
    throughput: result.requests / result.seconds,
    processor: ((after.processor - before.processor) * 1000) / result.requests,
    resident: after.resident,
  };
}

function summary(rounds: readonly Figures[]): Figures {
  const [first] = rounds;
  if (first === undefined) throw new Error('nothing was measured');
  const over = (member: 'throughput' | 'p50' | 'p99' | 'processor' | 'resident'): number =>
    median(rounds.map((each) => each[member]));
  return {
    ...{ target: first.target, work: first.work },
    ...{ throughput: over('throughput'), p50: over('p50'), p99: over('p99') },
    ...{ processor: over('processor'), resident: over('resident') },
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
  };
}

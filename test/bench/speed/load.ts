import { findProgram } from '../../support/programs.ts';
import { loadByAutocannon } from './load-by-autocannon.ts';
import { loadByWrk } from './load-by-wrk.ts';

/** Requests that differ in one place, and how hard they come. */
export interface LoadPlan {
  /** `http://127.0.0.1:port/path`. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** Where each of `values` stands: as the body, or as the header `authorization`. */
  readonly varies?: 'body' | 'authorization';
  /** One request each, in turns; from the beginning again after the last. */
  readonly values?: readonly string[];
  /** Requests in flight. */
  readonly connections: number;
  readonly seconds: number;
}

/** What a load came to. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Answers that are no 2xx, and requests that got none. */
  readonly failures: number;
}

export type LoadGenerator = (plan: LoadPlan) => Promise<LoadResult>;

/** `wrk` where it is installed, which leaves the processor to those it loads; else `autocannon`. */
export async function loadGenerator(): Promise<{ name: string; load: LoadGenerator }> {
  const wrk = await findProgram('wrk');
  return wrk === undefined
    ? { name: 'autocannon', load: loadByAutocannon }
    : { name: 'wrk', load: loadByWrk(wrk) };
}

import autocannon from 'autocannon';

import type { LoadPlan, LoadResult } from './load.ts';

/** Loads from within this process. */
export async function loadByAutocannon(plan: LoadPlan): Promise<LoadResult> {
  const { url, method, headers, varies, values = [''] } = plan;
  let at = 0;
  const next = (): string => values[at++ % values.length] ?? '';
  const result = await autocannon({
    ...{ url, connections: plan.connections, duration: plan.seconds },
    requests: [
      {
        ...{ method, headers: { ...headers } },
        // Called for each request, so that connections share the values.
        setupRequest: (request) => {
          if (varies === 'body') return { ...request, body: next() };
          if (varies === undefined) return request;
          return { ...request, headers: { ...headers, authorization: next() } };
        },
      },
    ],
  });
  return {
    requests: result['2xx'] + result.non2xx,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.errors,
  };
}

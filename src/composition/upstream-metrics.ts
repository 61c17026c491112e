import { Refusal } from '../errors.ts';
import type { Instruments } from '../observability/metrics/registry.ts';
import { tracedCall } from '../observability/tracing/spans.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';

/** Traces each call, which takes the request's id and its place in the trace along. */
export function tracedExchange(exchange: Exchange, callOf: (url: URL) => string): Exchange {
  return (request) =>
    tracedCall(callOf(request.url), request.method, (headers) =>
      exchange({ ...request, headers: { ...request.headers, ...headers } }),
    );
}

/** Times and traces each call of the upstream, and counts those without a usable answer. */
export function measuredExchange(
  exchange: Exchange,
  { upstreamSeconds, upstreamErrors }: Pick<Instruments, 'upstreamSeconds' | 'upstreamErrors'>,
  callOf: (url: URL) => string,
): Exchange {
  const traced = tracedExchange(exchange, callOf);
  return async (request) => {
    const begun = performance.now();
    const call = callOf(request.url);
    try {
      const response = await traced(request);
      upstreamSeconds.observe({ call }, (performance.now() - begun) / 1000);
      if (response.status >= 500) upstreamErrors.inc({ call, reason: 'status_5xx' });
      return response;
    } catch (error) {
      const reason = error instanceof Refusal ? error.reason : 'unexpected';
      upstreamErrors.inc({ call, reason });
      throw error;
    }
  };
}

/**
 * Names what is called by the upstream's own names for its endpoints, never by the address;
 * `other` where it is none of them, as before the first discovery.
 */
export function callNames(metadata: () => UpstreamMetadata | undefined): (url: URL) => string {
  let named: UpstreamMetadata | undefined;
  let names: ReadonlyMap<string, string> = new Map();
  return (url) => {
    if (url.pathname.endsWith('/.well-known/openid-configuration')) return 'discovery';
    const current = metadata();
    if (current !== undefined && current !== named) {
      named = current;
      names = new Map(
        Object.entries(current.reached).map(([name, address]) => [
          placeOf(address),
          name.replace(/_(?:endpoint|uri)$/, ''),
        ]),
      );
    }
    return names.get(placeOf(url)) ?? 'other';
  };
}

function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

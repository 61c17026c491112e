import type { Config } from '../config/types.ts';
import { internalApiEndpoint } from '../protocol/internal-api.ts';
import type { InternalApiParts } from '../protocol/internal-api.ts';
import type { Endpoint } from '../protocol/message.ts';
import { createExchange } from '../upstream/exchange.ts';
import { tracedExchange } from './upstream-metrics.ts';

/** What one request to an internal API may take: milliseconds, and bytes of the answer. */
const LIMITS = { timeoutMilliseconds: 30_000, maxBytes: 4 * 1024 * 1024 } as const;

/** Wires the way to internal APIs. */
export function composeInternalApis(
  config: Config,
  parts: Omit<InternalApiParts, 'apis' | 'exchange'>,
): { readonly endpoint: Endpoint; close(): Promise<void> } {
  const { exchange: untraced, close } = createExchange(LIMITS);
  const exchange = tracedExchange(untraced, () => 'internal_api');
  return {
    endpoint: internalApiEndpoint({ ...parts, apis: config.internalApis, exchange }),
    close,
  };
}

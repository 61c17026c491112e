import { Refusal } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/**
 * An exchange that tells when the upstream could not be reached, so that an
 * outage is known before the next refresh of the metadata.
 */
export function watchedExchange(exchange: Exchange, onAway: () => void): Exchange {
  return async (request) => {
    try {
      return await exchange(request);
    } catch (error) {
      const away = error instanceof Refusal && AWAY.has(error.reason);
      if (away) onAway();
      throw error;
    }
  };
}

const AWAY: ReadonlySet<string> = new Set(['upstream_unavailable', 'upstream_timeout']);

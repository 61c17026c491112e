import { createExchange } from '../upstream/exchange.ts';
import type { ExchangeOptions, ExchangePool } from '../upstream/exchange.ts';
import type { ConnectionGuard } from '../upstream/guarded-connector.ts';
import { isPublicAddress } from './addresses.ts';

/** What a vendor's addresses are asked with: little of everything, for they may be anybody's. */
export const VENDOR_EXCHANGE = {
  connections: 2,
  timeoutMilliseconds: 5000,
  maxBytes: 64 * 1024,
} as const;

/** Where a guarded exchange may go besides the Internet. */
export interface GuardedExchangeOptions {
  /** Origins that may lie anywhere; the operator named them. */
  readonly mayBePrivate: (origin: string) => boolean;
  /** How host names are resolved. Default: as the system does. */
  readonly lookup?: ConnectionGuard['lookup'];
  /** Default: {@link VENDOR_EXCHANGE}. */
  readonly limits?: Pick<ExchangeOptions, 'connections' | 'timeoutMilliseconds' | 'maxBytes'>;
}

/**
 * The bounded exchange for addresses that vendors name. It connects to public
 * addresses alone, so that nobody makes the proxy ask its own network.
 */
export function openGuardedExchange(options: GuardedExchangeOptions): ExchangePool {
  const { mayBePrivate, lookup, limits = VENDOR_EXCHANGE } = options;
  return createExchange({
    ...limits,
    guard: {
      admits: (address, origin) => mayBePrivate(origin) || isPublicAddress(address),
      lookup,
    },
  });
}

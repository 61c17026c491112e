import { isLoopback } from '../config/addresses.ts';
import type { Config } from '../config/types.ts';
import { openGuardedExchange, VENDOR_EXCHANGE } from '../outbound/guarded-exchange.ts';
import type { GuardedExchangeOptions } from '../outbound/guarded-exchange.ts';
import type { ExchangePool } from '../upstream/exchange.ts';

/**
 * The exchange for addresses of clients, their keys and where they hear of logouts: public
 * addresses, what the operator named, and this machine where the proxy itself is local.
 */
export function openVendorExchange(
  { issuer, outboundPrivateOrigins }: Pick<Config, 'issuer' | 'outboundPrivateOrigins'>,
  limits: GuardedExchangeOptions['limits'] = VENDOR_EXCHANGE,
): ExchangePool {
  const isLocal = issuer.startsWith('http:');
  return openGuardedExchange({
    limits,
    mayBePrivate: (origin) =>
      outboundPrivateOrigins.includes(origin) || (isLocal && isLoopback(new URL(origin))),
  });
}

import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { OneTimeUses } from '../grants/one-time.ts';
import type { Logger } from '../observability/logger.ts';
import { ClientKeys } from '../outbound/client-keys.ts';
import type { ClientAuthenticationParts } from '../protocol/client-authentication.ts';
import type { AssertionSigning } from '../protocol/upstream-credentials.ts';
import type { ExchangePool } from '../upstream/exchange.ts';
import type { Registry } from '../vendors/registry.ts';

/** Failed credentials of one client from one address before it has to wait, in points and seconds. */
const FAILED_CREDENTIALS = { points: 20, duration: 60 } as const;

/** What client authentication is made of. */
export interface ClientAuthenticationOptions {
  readonly oneTime: OneTimeUses;
  readonly registry: Registry;
  readonly issuer: string;
  readonly signing: AssertionSigning;
  /** A pool of its own: no header that is meant for the upstream goes to a vendor. */
  readonly vendorPool: ExchangePool;
  readonly log: Logger;
}

/** Client authentication as every endpoint with clients uses it, and the keys that it fetches. */
export interface ComposedClientAuthentication {
  readonly authentication: ClientAuthenticationParts;
  readonly clientKeys: ClientKeys;
  close(): Promise<void>;
}

/** Wires client authentication. */
export function composeClientAuthentication(
  options: ClientAuthenticationOptions,
): ComposedClientAuthentication {
  const { oneTime, registry, issuer, signing, vendorPool, log } = options;
  const { clock } = signing;
  const clientKeys = new ClientKeys({ exchange: vendorPool.exchange, issuer, clock, log });
  return {
    authentication: {
      clients: registry,
      failures: new RateLimiterMemory(FAILED_CREDENTIALS),
      assertions: { issuer, clientKeys, oneTime, clock },
      signing,
    },
    clientKeys,
    close: () => vendorPool.close(),
  };
}

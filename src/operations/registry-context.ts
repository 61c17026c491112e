import type { Exchange } from '../upstream/exchange.ts';
import type { KnownGrants } from '../vendors/upstream-grants.ts';
import type { OperationContext } from './context.ts';

/** What changing vendors and clients works with. */
export interface RegistryContext extends Pick<OperationContext, 'db' | 'atRest' | 'clock' | 'log'> {
  /** For addresses that vendors name: public ones only. */
  readonly vendorExchange: Exchange;
  /** What the upstream has of the grant types that are named; undefined: none of them needs it. */
  readonly upstreamGrants: (named: readonly unknown[]) => Promise<KnownGrants | undefined>;
}

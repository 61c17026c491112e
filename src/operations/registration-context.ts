import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { UpstreamAddress } from '../upstream/reach.ts';
import type { OperationContext } from './context.ts';

/** What registering clients works with: the upstream, and the addresses that vendors name. */
export interface RegistrationContext extends Omit<OperationContext, 'keyring'> {
  readonly issuer: string;
  readonly upstreamAddress: UpstreamAddress;
  /** @throws Refusal `upstream_unavailable` until it is known */
  readonly upstreamMetadata: () => UpstreamMetadata;
  readonly upstreamExchange: Exchange;
  /** For registering clients there (RFC 7591 3). */
  readonly upstreamToken: string | undefined;
  /** For addresses that vendors name: public ones only. */
  readonly vendorExchange: Exchange;
}

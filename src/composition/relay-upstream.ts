import type { Config, FrontChannel } from '../config/types.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { RelayUpstream } from '../upstream/relay.ts';

/** The upstream's endpoints that browsers have business with; whatever else it has is closed. */
const FRONT_CHANNEL: ReadonlySet<string> = new Set([
  'authorization_endpoint',
  'end_session_endpoint',
]);

interface Reached {
  readonly config: Pick<Config, 'issuer' | 'upstream'>;
  readonly upstream: UpstreamProvider;
  /** Path prefixes that are never relayed. */
  readonly ownPrefixes: readonly string[];
}

/** What the relay must know of the upstream, as the upstream describes itself at the moment. */
export function relayUpstream({ config, upstream, ownPrefixes }: Reached): RelayUpstream {
  const { reached } = upstream.metadata();
  return {
    origin: new URL(config.upstream.issuer).origin,
    target: config.upstream.url,
    authorizationPath: reached.authorization_endpoint.pathname,
    endSessionPath: reached.end_session_endpoint?.pathname,
    backChannelPaths: [
      // Under any other spelling too: the upstream may read `/OIDC/token` as it likes.
      ...ownPrefixes,
      ...Object.entries(reached).flatMap(([name, address]) =>
        FRONT_CHANNEL.has(name) ? [] : address.pathname,
      ),
    ],
  };
}

/** Where a browser begins a login: through the relay, or at the upstream itself. */
export function authorizationEndpointOf(
  { config, upstream }: Pick<Reached, 'config' | 'upstream'>,
  frontChannel: FrontChannel,
): string {
  const { reached, advertised } = upstream.metadata();
  return frontChannel === 'relay'
    ? `${config.issuer}${reached.authorization_endpoint.pathname}`
    : advertised.authorization_endpoint;
}

import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Config, FrontChannel } from '../config/types.ts';
import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { LogoutGrants } from '../grants/logout.ts';
import { LogoutDeliveries } from '../grants/logout-deliveries.ts';
import type { Logger } from '../observability/logger.ts';
import type { LoginPolicy } from '../protocol/authorization-response.ts';
import { backchannelLogoutEndpoint } from '../protocol/backchannel-logout.ts';
import type { BrowserBinding } from '../protocol/browser-binding.ts';
import { frontChannelLogoutEndpoint } from '../protocol/frontchannel-logout.ts';
import { logoutEndpoint } from '../protocol/logout.ts';
import { withLogoutReturns } from '../protocol/logout-callback.ts';
import { LOGOUT_EXCHANGE, LogoutCourier } from '../protocol/logout-delivery.ts';
import { withLogouts } from '../protocol/logout-response.ts';
import type { Endpoint } from '../protocol/message.ts';
import type { Seals } from '../protocol/seals.ts';
import type { KeyRing } from '../signing/ring.ts';
import { HintedSubjects } from '../subjects/hinted.ts';
import { ownIdTokenClaims } from '../tokens/verify-own.ts';
import type { RelayPolicy } from '../upstream/relay.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { Registry } from '../vendors/registry.ts';
import { openVendorExchange } from './vendor-exchange.ts';

/** Logouts with a long `state` that one address may begin, in points and seconds. */
const LONG_LOGOUTS = { points: 600, duration: 60 } as const;

/** What logouts are wired from. */
interface LogoutOptions {
  readonly issuer: string;
  readonly db: Connection;
  readonly atRest: AtRest;
  /** The root of the keyed indexes. */
  readonly indexRoot: Uint8Array;
  /** The keyring's `claims`. */
  readonly claimsRoot: Uint8Array;
  readonly upstreamIssuer: string;
  readonly registry: Registry;
  readonly upstream: UpstreamProvider;
  readonly seals: Seals;
  readonly binding: BrowserBinding;
  readonly ring: KeyRing;
  readonly frontChannel: FrontChannel;
  readonly config: Pick<Config, 'issuer' | 'outboundPrivateOrigins'>;
  readonly log: Logger;
  readonly clock: () => Date;
}

/** Everything that ends sessions. */
export interface ComposedLogout {
  readonly logout: Endpoint;
  readonly callback: (logins: Endpoint) => Endpoint;
  readonly backchannelLogout: Endpoint;
  readonly frontchannelLogout: Endpoint;
  readonly relayPolicy: (logins: LoginPolicy) => RelayPolicy;
  close(): Promise<void>;
}

/** Wires logouts. */
export function composeLogout(options: LogoutOptions): ComposedLogout {
  const { issuer, db, indexRoot, registry, upstream, seals, binding, ring, clock } = options;
  const parts = {
    ...{ issuer, seals, binding, indexRoot, clock, clients: registry },
    claimsRoot: options.claimsRoot,
    grants: new LogoutGrants(db, options.atRest),
    subjects: new HintedSubjects(db, { atRest: options.atRest, indexRoot }, options.clock),
  };
  // A pool of its own: no header that is meant for the upstream goes to a vendor.
  const pool = openVendorExchange(options.config, LOGOUT_EXCHANGE);
  const courier = new LogoutCourier({
    ...{ issuer, clock, clients: registry, exchange: pool.exchange, log: options.log },
    deliveries: new LogoutDeliveries(db, options.atRest),
    signingKey: (algorithm) => ring.signingKey(algorithm),
  });
  courier.start();
  return {
    backchannelLogout: backchannelLogoutEndpoint({
      ...{ upstream, clients: registry, grants: parts.grants, indexRoot, clock },
      deliver: () => void courier.deliver(),
    }),
    frontchannelLogout: frontChannelLogoutEndpoint({
      ...parts,
      upstreamIssuer: options.upstreamIssuer,
    }),
    close: async () => {
      await courier.close();
      await pool.close();
    },
    logout: logoutEndpoint({
      ...parts,
      frontChannel: options.frontChannel,
      endSessionEndpoint: (frontChannel) => {
        const { reached, advertised } = upstream.metadata();
        if (frontChannel === 'callback') return advertised.end_session_endpoint;
        const path = reached.end_session_endpoint?.pathname;
        return path === undefined ? undefined : `${issuer}${path}`;
      },
      claimsOfHint: (idToken, { clientId }) =>
        ownIdTokenClaims(idToken, { keys: ring.rememberedKeys(), issuer, clientId }),
      longLogouts: new RateLimiterMemory(LONG_LOGOUTS),
    }),
    callback: (logins) => withLogoutReturns(logins, parts),
    relayPolicy: (logins) => withLogouts(logins, parts),
  };
}

import { RateLimiterMemory } from 'rate-limiter-flexible';

import type { Config } from '../config/types.ts';
import { checkSectorDocuments } from '../operations/sector-documents.ts';
import type { RegistrationContext } from '../operations/registration-context.ts';
import { removeUnused } from '../operations/upstream-clients.ts';
import { openGuardedExchange } from '../outbound/guarded-exchange.ts';
import type { Endpoint } from '../protocol/message.ts';
import { registerEndpoint, type RegistrationParts } from '../protocol/register.ts';
import { registrationEndpoint } from '../protocol/registration.ts';
import type { ExchangePool } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import { hasPreparedClients } from '../vendors/upstream-client-store.ts';

/** Requests of one address, in points and seconds. */
const REQUESTS_OF_AN_ADDRESS = { points: 60, duration: 60 } as const;

/** Registrations and changes of one vendor, in points and seconds. */
const CHANGES_OF_A_VENDOR = { points: 120, duration: 3600 } as const;

/** Milliseconds between two rounds over what is due. */
const INTERVAL = 300_000;

/** The exchange for `sector_identifier_uri`: public addresses, and what the operator named. */
function openSectorExchange(config: Pick<Config, 'outboundPrivateOrigins'>): ExchangePool {
  return openGuardedExchange({
    mayBePrivate: (origin) => config.outboundPrivateOrigins.includes(origin),
  });
}

/** What registration is wired from. */
export interface RegistrationOptions extends Pick<
  RegistrationContext,
  'db' | 'atRest' | 'clock' | 'log' | 'upstreamExchange'
> {
  readonly config: Config;
  readonly upstream: UpstreamProvider;
}

/** Registration as the composed application has it. */
export interface ComposedRegistration {
  readonly register: Endpoint;
  readonly registration: Endpoint;
  /** Whether a vendor with a token could register a client now. */
  readonly isOpen: () => boolean;
  /** To be called when vendors have changed. */
  readonly vendorsChanged: () => void;
  close(): Promise<void>;
}

/** Wires registration: its endpoints, and what is looked at from time to time. */
export function composeRegistration(options: RegistrationOptions): ComposedRegistration {
  const { config, upstream, db, log } = options;
  const pool = openSectorExchange(config);
  const context: RegistrationContext = {
    ...{ db, log, atRest: options.atRest, clock: options.clock, issuer: config.issuer },
    upstreamAddress: config.upstream,
    upstreamMetadata: () => upstream.metadata(),
    upstreamExchange: options.upstreamExchange,
    upstreamToken: config.upstream.registrationToken,
    vendorExchange: pool.exchange,
  };
  const parts: RegistrationParts = {
    context,
    byAddress: new RateLimiterMemory(REQUESTS_OF_AN_ADDRESS),
    byVendor: new RateLimiterMemory(CHANGES_OF_A_VENDOR),
  };
  let isPrepared = false;
  const lookAtPrepared = async (): Promise<void> => {
    isPrepared = await hasPreparedClients(db);
  };
  const vendorsChanged = (): void => {
    lookAtPrepared().catch((error: unknown) => {
      log.warn({ err: error }, 'prepared clients not read');
    });
  };
  vendorsChanged();
  const round = async (): Promise<void> => {
    await lookAtPrepared();
    await removeUnused(context);
    await checkSectorDocuments(context);
  };
  const timer = setInterval(() => {
    round().catch((error: unknown) => log.warn({ err: error }, 'registrations not looked after'));
  }, INTERVAL).unref();
  return {
    register: registerEndpoint(parts),
    registration: registrationEndpoint(parts),
    isOpen: () =>
      isPrepared ||
      (upstream.known && upstream.metadata().reached.registration_endpoint !== undefined),
    vendorsChanged,
    close: async () => {
      clearInterval(timer);
      await pool.close();
    },
  };
}

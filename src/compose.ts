import type { Express } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AuditRecorder } from './audit/recorder.ts';
import { composeAccount } from './composition/account.ts';
import { composeAdminApi } from './composition/admin-api.ts';
import { composeClientAuthentication } from './composition/client-authentication.ts';
import { composeDashboard, dashboardCookieNames } from './composition/dashboard.ts';
import { composeInternalApis } from './composition/internal-apis.ts';
import { composeMapping } from './composition/mapping.ts';
import { referenceStore } from './composition/reference-store.ts';
import { composeTokenStatus } from './composition/token-status.ts';
import { whileFresh } from './composition/while-fresh.ts';
import { composeRegistration } from './composition/registration.ts';
import { openVendorExchange } from './composition/vendor-exchange.ts';
import { composePushedRequests } from './composition/pushed-requests.ts';
import type { Config, FrontChannel } from './config/types.ts';
import { AtRest } from './database/at-rest.ts';
import type { Connection } from './database/connection.ts';
import { openDatabase } from './database/connection.ts';
import { loadKeyring } from './database/keyring.ts';
import { keepHouse } from './grants/housekeeping.ts';
import { OneTimeUses } from './grants/one-time.ts';
import { createAdminApp } from './http/admin-app.ts';
import { createPublicApp } from './http/public-app.ts';
import { OWN_PREFIXES } from './http/routes.ts';
import { respondRelayError } from './http/request-context.ts';
import { outOfBand } from './composition/out-of-band.ts';
import { composeEvents } from './composition/events.ts';
import { composeLogout } from './composition/logout.ts';
import { measurements } from './composition/measurements.ts';
import { composeSecurityWebhook } from './composition/security-webhook.ts';
import { composeNotices } from './composition/notices.ts';
import { authorizationEndpointOf, relayUpstream } from './composition/relay-upstream.ts';
import type { LogLevel } from './observability/log-level.ts';
import type { Logger } from './observability/logger.ts';
import type { Metrics } from './observability/metrics/registry.ts';
import type { Workers } from './observability/workers.ts';
import { keepSubjects } from './operations/subject-upkeep.ts';
import { authorizationResponses } from './protocol/authorization-response.ts';
import { authorizeEndpoint } from './protocol/authorize.ts';
import { BrowserBinding } from './protocol/browser-binding.ts';
import { callbackEndpoint } from './protocol/callback.ts';
import { discoveryEndpoint } from './protocol/discovery.ts';
import { NOTHING_OFFERED, offeredThrough } from './protocol/offered.ts';
import type { HintParts } from './protocol/hints.ts';
import { jwksEndpoint } from './protocol/jwks.ts';
import { Seals } from './protocol/seals.ts';
import { answerSigner } from './protocol/signed-answer.ts';
import { clientCredentialsGrant } from './protocol/token-client-credentials.ts';
import { codeGrant } from './protocol/token-code.ts';
import type { IssueParts } from './protocol/token-issue.ts';
import { refreshGrant } from './protocol/token-refresh.ts';
import { tokenEndpoint } from './protocol/token.ts';
import { userinfoEndpoint } from './protocol/userinfo.ts';
import { webfingerEndpoint } from './protocol/webfinger.ts';
import { KeyRing } from './signing/ring.ts';
import { SIGNING_ALGORITHMS } from './signing/upkeep.ts';
import type { NewKey } from './signing/upkeep.ts';
import { HintedSubjects } from './subjects/hinted.ts';
import { Salts } from './subjects/salts/store.ts';
import { ShadowTally } from './subjects/shadow-tally.ts';
import { Subjects } from './subjects/settle.ts';
import { ownIdTokenClaims } from './tokens/verify-own.ts';
import { createExchange } from './upstream/exchange.ts';
import { UpstreamProvider } from './upstream/provider.ts';
import { forwardedHeaders } from './upstream/reach.ts';
import { createRelay } from './upstream/relay.ts';
import { watchedExchange } from './upstream/watched-exchange.ts';
import { Registry } from './vendors/registry.ts';

/** Logins with a long `state` that one address, a school perhaps, may begin, in points and seconds. */
const LONG_LOGINS = { points: 600, duration: 60 } as const;

/** In characters; what is longer than can travel is kept behind a reference. */
const LONGEST_SEAL = 256 * 1024;

/** One running proxy: its two applications, and the way to end it. */
export interface Application {
  readonly publicApp: Express;
  readonly adminApp: Express;
  /** Of this process alone. */
  readonly metrics: Metrics;
  readonly registry: Registry;
  readonly upstream: UpstreamProvider;
  /** Readiness as the admin listener tells it. */
  readonly readiness: () => Readonly<Record<string, boolean>>;
  /** Turns readiness off, before the listeners close. */
  drain(): void;
  close(): Promise<void>;
}

/** What the outside gives: configuration, a clock, a log. */
export interface ComposeOptions {
  readonly config: Config;
  readonly clock: () => Date;
  readonly log: Logger;
  /** How much it logs. Default: a level that nothing else follows. */
  readonly logLevel?: LogLevel | undefined;
  /** Where this is one worker of several. */
  readonly workers?: Workers | undefined;
  /** Where new signing keys come from. Default: they are made. */
  readonly newKey?: NewKey | undefined;
}

/**
 * The only place where objects are built and wired.
 *
 * @throws Refusal `database_unavailable`; MasterKeyError, SaltMismatchError
 */
export async function compose(options: ComposeOptions): Promise<Application> {
  const db = openDatabase(options.config.database);
  try {
    return await composeOn(db, options);
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function composeOn(db: Connection, options: ComposeOptions): Promise<Application> {
  const { config, clock } = options;
  const { issuer } = config;
  let vendorsChanged = (): void => undefined;
  const recorder = new AuditRecorder({ db, clock, log: options.log });
  const measured = measurements(db, config.database);
  const log = measured.log(options.log, recorder);
  const keyring = await loadKeyring(db, config.secrets);
  const atRest = new AtRest(keyring.storage);
  const { pairwiseSalt } = config.secrets;
  const algorithm = config.pseudonymAlgorithm;
  const salts = await Salts.open({ db, atRest, pairwiseSalt, algorithm, clock });
  const ring = await KeyRing.open({ db, atRest, clock, newKey: options.newKey }, log);
  const registry = await Registry.open({
    ...{ db, atRest, clock, log },
    maxStalenessSeconds: config.maxStaleness,
    onChange: (kinds) => {
      if (kinds.has('vendor')) vendorsChanged();
      if (!kinds.has('keys')) return;
      ring.reload().catch((error: unknown) => log.error({ err: error }, 'keys not reloaded'));
    },
  });
  const pool = createExchange({ headers: forwardedHeaders(config.upstream) });
  const upstreamExchange = measured.exchange(pool.exchange, () => upstream);
  const upstream: UpstreamProvider = new UpstreamProvider({
    ...{ issuer: config.upstream.issuer, url: config.upstream.url },
    ...{ exchange: upstreamExchange, clock, log },
  });
  upstream.start();
  const exchange = watchedExchange(upstreamExchange, () => void upstream.recheck());
  const stopHousekeeping = keepHouse({
    ...{ db, clock, log },
    further: () => keepSubjects({ db, atRest, keyring, clock, log }),
  });

  recorder.start();
  const tally = new ShadowTally({ db, clock, log });
  const subjects = new Subjects({
    ...{ db, keyring, atRest, registry, salts, algorithm, clock, log },
    witness: measured.witness(recorder),
    tally,
  });
  const sealer = measured.sealer(keyring.seal, { maxLength: LONGEST_SEAL });
  const seals = new Seals(sealer, referenceStore(db), config.upstream.stateLimit);
  const sealRoot = keyring.seal;
  const claimsRoot = keyring.claims;
  const upstreamIssuer = config.upstream.issuer;
  const binding = new BrowserBinding(issuer);
  const issue: IssueParts = {
    ...{ issuer, upstream, exchange, subjects, seals, sealRoot, claimsRoot, clock },
    clients: registry,
    signingKey: (alg) => ring.signingKey(alg),
    clientKeys: (client) => clientAuthentication.clientKeys.keys(client),
  };
  const signAnswer = answerSigner(issue);
  const notices = composeNotices({ db, issue, registry, binding, signAnswer });
  const oneTime = new OneTimeUses(db, () => registry.databaseUp);
  const dpop = { issuer, claimsRoot, oneTime, clock };
  const logouts = composeLogout({
    ...{ issuer, db, atRest, registry, upstream, seals, binding, ring, clock, log },
    ...{ indexRoot: keyring.index, claimsRoot, upstreamIssuer, config },
    frontChannel: config.frontChannel,
  });
  const authorizationEndpoint = (frontChannel: FrontChannel): string =>
    authorizationEndpointOf({ config, upstream }, frontChannel);
  const account = composeAccount({
    ...{ config, registry, upstream, exchange, seals, binding },
    context: { db, atRest, keyring, clock, log },
    authorizationEndpoint: () => authorizationEndpoint(config.frontChannel),
  });
  const policy = logouts.relayPolicy(
    account.relayPolicy(
      authorizationResponses({
        ...{ issuer, clients: registry, binding, seals, sealRoot, clock, upstreamIssuer },
      }),
    ),
  );
  const relay = createRelay({
    ...{ issuer, policy, log },
    upstream: () => relayUpstream({ config, upstream, ownPrefixes: OWN_PREFIXES }),
    relayPaths: config.relayPaths,
    federationOrigins: config.federationOrigins,
    ownCookieNames: [binding.cookieName, ...account.cookieNames, ...dashboardCookieNames(config)],
    renderBlocked: respondRelayError,
  });
  const clientAuthentication = composeClientAuthentication({
    ...{ oneTime, registry, issuer, log },
    signing: issue,
    vendorPool: openVendorExchange(config),
  });
  const { authentication } = clientAuthentication;
  const pushedRequests = composePushedRequests({
    ...{ db, issuer, seals, clock, authentication, dpop },
    clientKeys: clientAuthentication.clientKeys,
  });
  const registered = composeRegistration({
    ...{ config, db, atRest, clock, log, upstream },
    upstreamExchange: exchange,
  });
  ({ vendorsChanged } = registered);
  const { isOpen } = registered;
  const offered = () =>
    upstream.known ? offeredThrough(upstream.metadata(), issuer) : NOTHING_OFFERED;
  const hints: HintParts = {
    subjectOfHint: async (idToken, client) => {
      const keys = ring.rememberedKeys();
      const { clientId } = client;
      const claims = await ownIdTokenClaims(idToken, { keys, issuer, clientId });
      return typeof claims?.['sub'] === 'string' ? claims['sub'] : undefined;
    },
    subjects: new HintedSubjects(db, { atRest, indexRoot: keyring.index }, clock),
  };
  const elsewhere = outOfBand({
    ...{ db, issue, sealer, oneTime, authentication, registry, hints },
    frontChannel: config.frontChannel,
    publicKeys: () => ring.publicKeys(),
  });
  const tokenStatus = composeTokenStatus({
    ...{ db, atRest, issue, registry, authentication },
    indexRoot: keyring.index,
    publicKeys: () => ring.publicKeys(),
  });
  const events = composeEvents({ config, db, issue, registry, authentication, log });
  const webhook = composeSecurityWebhook({ config, db, ring, clock, log });
  const publicKeys = () => ring.publicKeys();
  const internalApis = composeInternalApis(config, {
    ...{ issuer, seals, clock, publicKeys, upstream, dpop, registry },
  });
  const publicApp = createPublicApp({
    ...{ issuer, relay, log },
    meter: measured.metrics.instruments,
    trustedProxies: config.trustedProxies,
    isRedirectOrigin: (origin) => registry.isRedirectOrigin(origin),
    endpoints: {
      discovery: whileFresh(
        registry,
        discoveryEndpoint({ issuer, signingAlgorithms: SIGNING_ALGORITHMS, offered, isOpen }),
      ),
      webfinger: webfingerEndpoint({ issuer }),
      jwks: whileFresh(
        registry,
        jwksEndpoint(() => ring.publicKeys()),
      ),
      authorize: authorizeEndpoint({
        ...{ issuer, clients: registry, upstream, seals, binding, sealRoot, clock, signAnswer },
        vendors: registry,
        requests: pushedRequests.requests,
        frontChannel: config.frontChannel,
        longLogins: new RateLimiterMemory(LONG_LOGINS),
        authorizationEndpoint,
        hints,
      }),
      par: pushedRequests.par,
      callback: logouts.callback(
        callbackEndpoint({
          ...{ ...issue, binding, signAnswer, upstreamIssuer },
          noticeDue: notices.due,
        }),
      ),
      notice: notices.page,
      logout: logouts.logout,
      backchannelLogout: logouts.backchannelLogout,
      frontchannelLogout: logouts.frontchannelLogout,
      token: tokenEndpoint(
        { ...authentication, dpop },
        new Map([
          ...elsewhere.grants,
          ['authorization_code', codeGrant(issue, oneTime)],
          ['refresh_token', refreshGrant(issue, registry, oneTime)],
          ['client_credentials', clientCredentialsGrant(issue, registry)],
        ]),
      ),
      device: elsewhere.device,
      ciba: elsewhere.ciba,
      events: events.events,
      register: registered.register,
      registration: registered.registration,
      mapping: composeMapping({ db, keyring, clock, registry, told: measured.mapping }),
      ...tokenStatus,
      ...account.endpoints,
      internalApi: internalApis.endpoint,
      userinfo: userinfoEndpoint({
        ...{ ...issue, registry, dpop },
        publicKeys: () => ring.publicKeys(),
      }),
    },
  });

  const { logLevel, workers } = options;
  const context = { db, atRest, keyring, clock, log, pseudonymsMade: measured.pseudonymsMade };
  const admin = composeAdminApi({ config, upstream, logLevel, workers, ...context });
  let draining = false;
  const readiness = () => ({
    database: registry.databaseUp,
    upstream: upstream.ready,
    serving: !draining,
  });
  measured.lookAt({ config, db, clock, registry, ring, readiness, logLevel });
  return {
    publicApp,
    metrics: measured.metrics,
    adminApp: createAdminApp({
      ...{ api: admin.router, readiness, metrics: measured.scrape(workers) },
      meter: measured.metrics.instruments,
      dashboard: composeDashboard({ config, upstream, exchange, admin, readiness }),
    }),
    registry,
    upstream,
    readiness,
    drain: () => {
      draining = true;
    },
    close: async () => {
      stopHousekeeping();
      await logouts.close();
      await events.close();
      await webhook.close();
      ring.close();
      await registry.close();
      await upstream.close();
      await pool.close();
      await internalApis.close();
      await admin.close();
      await registered.close();
      await clientAuthentication.close();
      await tally.close();
      await recorder.close();
      await db.destroy();
    },
  };
}

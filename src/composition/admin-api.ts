import { Authentication } from '../admin/authenticate.ts';
import type { AdminContext } from '../admin/context.ts';
import { adminApi } from '../admin/router.ts';
import type { Config } from '../config/types.ts';
import { LogLevel } from '../observability/log-level.ts';
import type { Workers } from '../observability/workers.ts';
import { purgeExpired } from '../database/purge.ts';
import type { OperationContext } from '../operations/context.ts';
import { openGuardedExchange } from '../outbound/guarded-exchange.ts';
import { upstreamGrants } from '../upstream/grant-types.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import { grantsOfUpstream } from '../vendors/upstream-grants.ts';

/** What the admin API is wired from. */
export interface AdminApiOptions extends OperationContext {
  readonly config: Config;
  readonly upstream: UpstreamProvider;
  /** How much this process logs. */
  readonly logLevel: LogLevel | undefined;
  /** Where this is one worker of several. */
  readonly workers: Workers | undefined;
}

/** The admin API as the composed application has it. */
export interface ComposedAdminApi {
  readonly router: ReturnType<typeof adminApi>;
  /** What the dashboard shares with it. */
  readonly authentication: Authentication;
  readonly context: AdminContext;
  close(): Promise<void>;
}

/** Milliseconds between two rounds over kept answers. */
const INTERVAL = 600_000;

/** Wires the admin API. */
export function composeAdminApi({
  config,
  upstream,
  logLevel: own = new LogLevel(config.logLevel),
  workers,
  ...context
}: AdminApiOptions): ComposedAdminApi {
  const { db, clock, log } = context;
  const { outboundPrivateOrigins } = config;
  const pool = openGuardedExchange({
    mayBePrivate: (origin) => outboundPrivateOrigins.includes(origin),
  });
  const timer = setInterval(() => {
    purgeExpired(db, 'admin_requests', clock()).catch((error: unknown) => {
      log.warn({ err: error }, 'kept answers not removed');
    });
  }, INTERVAL).unref();
  const authentication = new Authentication({ db, clock, adminToken: config.adminToken });
  const adminContext: AdminContext = {
    ...context,
    logLevel: {
      current: () => own.current,
      change: (level) => (workers ? workers.changeLogLevel(level) : own.set(level)),
    },
    algorithm: config.pseudonymAlgorithm,
    pairwiseSalt: config.secrets.pairwiseSalt,
    masterKeys: config.secrets,
    vendorExchange: pool.exchange,
    upstreamGrants: async (named) => {
      if (grantsOfUpstream(named).length === 0) return undefined;
      return upstream.known ? upstreamGrants(upstream.metadata()) : 'unknown';
    },
  };
  return {
    ...{ authentication, context: adminContext },
    router: adminApi({ authentication, context: adminContext }),
    close: async () => {
      clearInterval(timer);
      await pool.close();
    },
  };
}

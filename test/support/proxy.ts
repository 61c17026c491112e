import { randomBytes } from 'node:crypto';

import { stringify } from 'yaml';

import type { Application } from '../../src/compose.ts';
import { compose } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/types.ts';
import { AtRest } from '../../src/database/at-rest.ts';
import { loadKeyring } from '../../src/database/keyring.ts';
import type { Keyring } from '../../src/database/keyring.ts';
import { LogLevel } from '../../src/observability/log-level.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { applyRegistrations } from '../../src/vendors/apply.ts';
import { readApplyDocument } from '../../src/vendors/apply-document.ts';
import type { RolloutContext } from '../../src/vendors/rollout.ts';
import type { TestDatabase } from './database.ts';
import { freshDatabase } from './database.ts';
import { keysFor } from './key-pool.ts';
import { listen } from './listen.ts';

/** What a test of the running proxy chooses. */
export interface ProxyOptions {
  readonly upstreamIssuer: string;
  /** Vendor entries as `apply` reads them. */
  readonly vendors: readonly object[];
  /** Default: a SQLite of its own. */
  readonly database?: TestDatabase;
  /** More environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: () => Date;
  /** Default: a free port. */
  readonly port?: number;
  /** Of the admin listener. Default: a free port. */
  readonly adminPort?: number;
}

/** A proxy that runs in this process, on a free port of 127.0.0.1. */
export interface TestProxy {
  readonly issuer: string;
  readonly adminUrl: string;
  readonly application: Application;
  readonly database: TestDatabase;
  readonly config: Config;
  readonly keyring: Keyring;
  /** For `src/vendors/rollout.ts`. */
  readonly rollout: RolloutContext;
  /** The log, one object a line. */
  readonly log: readonly Record<string, unknown>[];
  /** Applies vendor entries and waits until this replica knows them. */
  apply(vendors: readonly object[]): Promise<void>;
  /** Another replica on the same database, with an issuer of its own port. */
  replica(environment?: Readonly<Record<string, string>>): Promise<TestProxy>;
  close(): Promise<void>;
}

const SECRETS = {
  MASTER_KEY: randomBytes(32).toString('base64url'),
  PAIRWISE_SALT: randomBytes(32).toString('base64url'),
};

/** Starts the proxy as `serve` does, less the process. */
export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const database = options.database ?? (await freshDatabase('sqlite'));
  const lines: Record<string, unknown>[] = [];
  const logLevel = new LogLevel('debug');
  const log = createLogger({
    level: logLevel,
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const running: { app?: Application['publicApp'] } = {};
  const server = await listen(
    (request, response) => running.app?.(request, response),
    options.port,
  );
  const issuer = `http://localhost:${server.port}${options.environment?.['ISSUER_PATH'] ?? ''}`;
  const { location } = database;
  const config = loadConfig({
    ISSUER: issuer,
    UPSTREAM_ISSUER: options.upstreamIssuer,
    DATABASE_URL: location.dialect === 'sqlite' ? `sqlite:${location.file}` : location.url,
    ...SECRETS,
    ...options.environment,
  });
  const clock = options.clock ?? (() => new Date());
  const keyring = await loadKeyring(database.db, config.secrets);
  const atRest = new AtRest(keyring.storage);
  const register = async (vendors: readonly object[]): Promise<void> => {
    const sources = { env: () => undefined, file: () => '' };
    const document = readApplyDocument(stringify({ vendors }), sources);
    await applyRegistrations({ db: database.db, atRest }, document, {
      actor: 'test',
      at: clock(),
      sectorChange: 'refused',
    });
  };
  await register(options.vendors);
  const application = await compose({
    ...{ config, clock, log, logLevel },
    newKey: keysFor(database),
  });
  running.app = application.publicApp;
  const admin = await listen(
    (request, response) => application.adminApp(request, response),
    options.adminPort,
  );
  await application.upstream.recheck();
  return {
    ...{ issuer, application, database, config, keyring, log: lines },
    adminUrl: `http://127.0.0.1:${admin.port}`,
    rollout: { db: database.db, atRest, indexRoot: keyring.index, clock },
    apply: async (vendors) => {
      await register(vendors);
      await application.registry.refresh();
    },
    replica: (environment) =>
      startProxy({
        ...options,
        ...{ port: 0, adminPort: 0, vendors: [], database },
        environment: { ...options.environment, ...environment },
      }),
    close: async () => {
      await server.close();
      await admin.close();
      await application.close();
      if (options.database === undefined) await database.close();
    },
  };
}

import cluster from 'node:cluster';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Application } from './compose.ts';
import { compose } from './compose.ts';
import type { Config, ListenAddress } from './config/types.ts';
import { openDatabase } from './database/connection.ts';
import { migrateUp, schemaState } from './database/migrations.ts';
import { SchemaError } from './database/schema-error.ts';
import type { Logger } from './observability/logger.ts';

/** Milliseconds for which requests in flight may finish after SIGTERM. */
const DRAIN_LIMIT = 10_000;
/** Milliseconds before a worker that died is replaced. */
const RESTART_DELAY = 1000;

/** Brings SQLite up to date; on MySQL that is the operator's decision. */
async function prepareSchema(config: Config): Promise<void> {
  const db = openDatabase(config.database);
  try {
    if (config.database.dialect === 'sqlite') await migrateUp(db);
    const state = await schemaState(db);
    if (state !== 'current') throw new SchemaError(state);
  } finally {
    await db.destroy();
  }
}

/** Runs the proxy until a signal ends it; resolves with the exit code. */
export async function serve(config: Config, log: Logger): Promise<number> {
  if (cluster.isPrimary) await prepareSchema(config);
  if (cluster.isPrimary && config.workers > 1) return superviseWorkers(config.workers, log);
  const application = await compose({ config, clock: () => new Date(), log });
  const servers = [
    await listen(createServer(application.publicApp), config.publicListen),
    await listen(createServer(application.adminApp), config.adminListen),
  ];
  log.info(
    { issuer: config.issuer, public: addressOf(servers[0]), admin: addressOf(servers[1]) },
    'listening',
  );
  const signal = await endSignal();
  log.info({ signal }, 'draining');
  await drain(application, servers);
  log.info('stopped');
  return 0;
}

function listen(server: Server, { host, port }: ListenAddress): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function addressOf(server: Server | undefined): string {
  const bound = server?.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the server does not listen');
  const { address, family, port } = bound;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function endSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

/** Readiness turns first, then what is in flight is answered, then everything is closed. */
async function drain(application: Application, servers: readonly Server[]): Promise<void> {
  application.drain();
  const limit = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, DRAIN_LIMIT);
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        }),
    ),
  );
  clearTimeout(limit);
  await application.close();
}

/** The primary process: starts the workers, replaces those that die, and passes the signal on. */
async function superviseWorkers(count: number, log: Logger): Promise<number> {
  let ending = false;
  for (let worker = 0; worker < count; worker += 1) cluster.fork();
  cluster.on('exit', (worker, code) => {
    if (ending) return;
    log.error({ worker: worker.id, code }, 'a worker died and is replaced');
    setTimeout(() => {
      if (!ending) cluster.fork();
    }, RESTART_DELAY);
  });
  const signal = await endSignal();
  ending = true;
  await Promise.all(
    Object.values(cluster.workers ?? {}).map(
      (worker) =>
        new Promise<void>((resolve) => {
          if (worker === undefined || worker.isDead()) {
            resolve();
            return;
          }
          worker.once('exit', () => resolve());
          worker.kill(signal);
        }),
    ),
  );
  return 0;
}

import cluster from 'node:cluster';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Application } from './compose.ts';
import { compose } from './compose.ts';
import type { Config, ListenAddress } from './config/types.ts';
import { openDatabase } from './database/connection.ts';
import { migrateUp, schemaState } from './database/migrations.ts';
import { SchemaError } from './database/schema-error.ts';
import type { LogLevel } from './observability/log-level.ts';
import type { Logger } from './observability/logger.ts';
import { watchLoop } from './observability/loop-watch.ts';
import { metricsOfAll, shareMetrics, tellMetricsOfAll } from './observability/metrics/cluster.ts';
import { followLogLevel, spreadLogLevel, wishLogLevel } from './observability/workers.ts';

/** Milliseconds for which requests in flight may finish after SIGTERM. */
const DRAIN_LIMIT = 10_000;
/** Milliseconds between two looks for connections that have become idle. */
const DRAIN_LOOK = 100;
/** Milliseconds for which listening waits for a first answer of the upstream; it may be down. */
const FIRST_LOOK = 1000;
const UNREF = { ref: false } as const;
/** What a worker listens on: the public address and the admin address. */
const LISTENERS = 2;
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
export async function serve(config: Config, log: Logger, level: LogLevel): Promise<number> {
  if (cluster.isPrimary) await prepareSchema(config);
  if (cluster.isPrimary && config.workers > 1) {
    return superviseWorkers(config.workers, log, level);
  }
  try {
    return await work(config, log, level);
  } finally {
    // The channel to the primary process would keep a worker alive.
    cluster.worker?.disconnect();
  }
}

async function work(config: Config, log: Logger, level: LogLevel): Promise<number> {
  if (cluster.isWorker) followLogLevel(level);
  const workers = cluster.isWorker
    ? { metrics: metricsOfAll(), changeLogLevel: wishLogLevel }
    : undefined;
  const clock = () => new Date();
  const application = await compose({ config, clock, log, logLevel: level, workers });
  application.metrics.watchProcess();
  watchLoop(log);
  if (cluster.isWorker) shareMetrics(application.metrics.registry);
  const servers: Server[] = [];
  try {
    // Beside other workers, or behind a balancer that is slow to ask, one that does not know the
    // upstream yet would refuse logins that others could serve.
    await Promise.race([application.upstream.recheck(), sleep(FIRST_LOOK, undefined, UNREF)]);
    servers.push(await listen(createServer(application.publicApp), config.publicListen));
    servers.push(await listen(createServer(application.adminApp), config.adminListen));
  } catch (error) {
    await drain(application, servers);
    throw error;
  }
  log.info(
    { issuer: config.issuer, public: addressOf(servers[0]), admin: addressOf(servers[1]) },
    'listening',
  );
  const signal = await endSignal();
  log.info({ signal }, 'draining');
  application.drain();
  if (signal === 'SIGTERM') await stayOpen(servers, config.drainDelay);
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

/** The first signal to end; a terminal and a supervisor may both send one, so more change nothing. */
function endSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
  });
}

/**
 * Takes requests on while a load balancer learns that there should be no more, and
 * keeps no connection alive for further ones. Another signal ends it.
 *
 * @param delay seconds
 */
async function stayOpen(servers: readonly Server[], delay: number): Promise<void> {
  if (delay === 0) return;
  for (const server of servers) {
    server.prependListener('request', (_request, response) => {
      response.setHeader('connection', 'close');
    });
  }
  const done = new AbortController();
  const waited = sleep(delay * 1000, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([waited, endSignal()]);
  done.abort();
}

/** Readiness turns first, then what is in flight is answered, then everything is closed. */
async function drain(application: Application, servers: readonly Server[]): Promise<void> {
  application.drain();
  const limit = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, DRAIN_LIMIT);
  const look = setInterval(() => {
    for (const server of servers) server.closeIdleConnections();
  }, DRAIN_LOOK);
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
  clearInterval(look);
  await application.close();
}

/**
 * The primary process: starts the workers, replaces those that die, and passes
 * the signal on. Where none ever served, another try would end the same way.
 */
async function superviseWorkers(count: number, log: Logger, level: LogLevel): Promise<number> {
  let ending = false;
  let served = false;
  const addresses = new Map<number, number>();
  const failed = Promise.withResolvers<number>();
  tellMetricsOfAll();
  spreadLogLevel(level);
  for (let worker = 0; worker < count; worker += 1) cluster.fork();
  cluster.on('listening', ({ id }) => {
    addresses.set(id, (addresses.get(id) ?? 0) + 1);
    served ||= addresses.get(id) === LISTENERS;
  });
  cluster.on('exit', (worker, code) => {
    if (ending) return;
    if (!served) {
      failed.resolve(code || 1);
      return;
    }
    log.error({ worker: worker.id, code }, 'a worker died and is replaced');
    setTimeout(() => {
      if (!ending) cluster.fork();
    }, RESTART_DELAY);
  });
  const end = await Promise.race([endSignal(), failed.promise]);
  ending = true;
  const signal = typeof end === 'number' ? 'SIGTERM' : end;
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
  return typeof end === 'number' ? end : 0;
}

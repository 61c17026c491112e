import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { stringify } from 'yaml';

import { startBalancer } from './balancer.ts';
import type { Balancer } from './balancer.ts';
import { VendorByHand } from './by-hand.ts';
import type { TestDatabase } from './database.ts';
import { mysqlDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { startMariadb } from './mariadb.ts';
import type { MariadbServer } from './mariadb.ts';
import { scratchFolder } from './scratch.ts';
import type { Ended, ProxyProcess } from './serve-process.ts';
import { startProcess } from './serve-process.ts';

/** One `serve` of a fleet. */
export interface Replica {
  readonly port: number;
  readonly adminPort: number;
  /** The process that runs at the moment. */
  process: ProxyProcess;
  readonly environment: Readonly<Record<string, string>>;
}

/** Replicas of the proxy, each a process of its own, on one MariaDB behind one balancer. */
export interface Fleet {
  readonly issuer: string;
  readonly balancer: Balancer;
  readonly replicas: readonly Replica[];
  readonly server: MariadbServer;
  readonly database: TestDatabase;
  /** A command of ours, run to its end. */
  run(...args: readonly string[]): Promise<Ended>;
  /** The vendors, who reach the fleet through the balancer, or one replica alone. */
  vendors(replica?: Replica): readonly VendorByHand[];
  /** Starts the process of a replica again, and waits until it is ready. */
  restart(replica: Replica): Promise<void>;
  /** Waits until all replicas say that they are ready. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** A client of the fleet: at the proxy `ID-web`, at the upstream `legacy-ID`. */
export interface FleetClient {
  readonly id: string;
  readonly redirectUri: string;
  readonly upstreamSecret: string;
}

/** Starts replicas in front of an upstream, and waits until they are ready. */
export async function startFleet(
  upstreamIssuer: string,
  clients: readonly FleetClient[],
  count = 3,
): Promise<Fleet> {
  const folder = await scratchFolder('fleet-');
  const server = await startMariadb('--innodb-flush-log-at-trx-commit=1');
  const database = await mysqlDatabase(server.url);
  const balancer = await startBalancer();
  const issuer = `http://localhost:${balancer.port}`;
  const common = {
    ...{ ISSUER: issuer, UPSTREAM_ISSUER: upstreamIssuer },
    DATABASE_URL: database.location.dialect === 'mysql' ? database.location.url : '',
    MASTER_KEY: randomBytes(32).toString('base64url'),
    PAIRWISE_SALT: randomBytes(32).toString('base64url'),
    // Longer than the balancer takes to see that a replica is not ready any more.
    ...{ DRAIN_DELAY: '1', LOG_LEVEL: 'warn' },
  };
  const run = (...args: readonly string[]): Promise<Ended> => startProcess(args, common).ended;
  await succeed(run('migrate', 'up'));
  const file = join(folder, 'vendors.yaml');
  await writeFile(file, stringify({ vendors: clients.map(vendorOf) }));
  await succeed(run('apply', '-f', file));
  const replicas: Replica[] = [];
  for (let n = 0; n < count; n += 1) {
    const port = await freePort();
    const adminPort = await freePort();
    const environment = {
      ...common,
      PUBLIC_LISTEN: `127.0.0.1:${port}`,
      ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    };
    replicas.push({
      ...{ port, adminPort, environment },
      process: startProcess(['serve'], environment),
    });
  }
  balancer.behind(replicas);
  const ready = async (): Promise<void> => {
    while (balancer.ready() < count) {
      await sleep(25);
      const ended = replicas.map(({ process }) => process.ended);
      // A process that could not start would never be ready.
      const over = await Promise.race([...ended, sleep(0, undefined)]);
      if (over !== undefined) throw new Error(`a replica ended: ${over.stderr}${over.stdout}`);
    }
  };
  await ready();
  return {
    ...{ issuer, balancer, replicas, server, database, run, ready },
    vendors: (replica) =>
      clients.map(
        ({ id, redirectUri }) =>
          new VendorByHand({
            ...{ clientId: `${id}-web`, redirectUri, secret: secretOf(id) },
            issuer: replica === undefined ? issuer : `http://localhost:${replica.port}`,
          }),
      ),
    restart: async (replica) => {
      replica.process = startProcess(['serve'], replica.environment);
      await ready();
    },
    close: async () => {
      for (const { process } of replicas) {
        process.signal('SIGKILL');
        await process.ended;
      }
      await balancer.close();
      await database.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function secretOf(id: string): string {
  return `${id}-secret-at-the-fleet-0123456789`;
}

function vendorOf({ id, redirectUri, upstreamSecret }: FleetClient): object {
  const upstream = { client_id: `legacy-${id}`, client_secret: upstreamSecret };
  const client = { client_id: `${id}-web`, client_secret: secretOf(id), upstream };
  return { id, name: `Vendor ${id}`, clients: [{ ...client, redirect_uris: [redirectUri] }] };
}

async function succeed(running: Promise<Ended>): Promise<void> {
  const ended = await running;
  if (ended.code !== 0) throw new Error(`a command failed: ${ended.stderr}${ended.stdout}`);
}

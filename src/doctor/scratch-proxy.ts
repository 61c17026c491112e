import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, type Application } from '../compose.ts';
import type { Config } from '../config/types.ts';
import { AtRest } from '../database/at-rest.ts';
import { inTransaction, openDatabase } from '../database/connection.ts';
import { loadKeyring } from '../database/keyring.ts';
import { migrateUp } from '../database/migrations.ts';
import type { Client, Phase, Vendor } from '../vendors/client.ts';
import { insertClient, type StoredClient } from '../vendors/client-store.ts';
import { insertVendor } from '../vendors/vendor-store.ts';
import { get, type Answer, type Cookies } from './fetching.ts';
import { heldBackLog, type HeldBack } from './held-back.ts';

/** A proxy of doctor's own, under the real issuer, on a database that is thrown away. */
export interface ScratchProxy {
  /** One GET by a browser; an address under `ISSUER` reaches this proxy. */
  open(url: URL, cookies: Cookies): Promise<Answer>;
  /** What it refused or held back since this was last asked. */
  heldBack(): readonly HeldBack[];
  close(): Promise<void>;
}

const TIMEOUT = 15_000;

/**
 * Runs the whole public side as configured, with the registered clients, but on
 * a temporary SQLite and with secrets of its own, so that looking changes
 * nothing: no salt is seeded, no key made, no row written where it counts. It
 * keeps the real `ISSUER` (cookies, rewriting and collisions depend on its
 * scheme, host and path); a request to it is sent to the port on 127.0.0.1, as
 * an ingress would. `RELAY_PATHS` is left out, and compared afterwards, so that
 * every path that it lacks is named at once.
 */
export async function startScratchProxy(
  config: Config,
  clock: () => Date,
  registered: { readonly vendors: readonly Vendor[]; readonly clients: readonly StoredClient[] },
): Promise<ScratchProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'pairwise-proxy-doctor-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const scratch = scratchConfig(config, join(folder, 'scratch.sqlite'));
    await fill(scratch, clock, registered);
    const { log, taken } = heldBackLog();
    const application = await compose({ config: scratch, clock, log });
    await application.upstream.recheck();
    const { port, stop } = await listen(application);
    const origin = new URL(config.issuer).origin;
    return {
      open: async (url, cookies) => {
        const at = url.origin === origin ? { host: '127.0.0.1', port } : undefined;
        const answer = await get(url, { headers: cookies.header, at, timeout: TIMEOUT });
        cookies.take(answer);
        return answer;
      },
      heldBack: taken,
      close: async () => {
        await stop();
        await application.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function scratchConfig(config: Config, file: string): Config {
  return {
    ...config,
    database: { dialect: 'sqlite', file },
    secrets: {
      masterKey: randomBytes(32),
      masterKeyPrevious: undefined,
      pairwiseSalt: randomBytes(32),
    },
    relayPaths: [],
    trustedProxies: [],
  };
}

async function fill(
  config: Config,
  clock: () => Date,
  { vendors, clients }: Parameters<typeof startScratchProxy>[2],
): Promise<void> {
  const db = openDatabase(config.database);
  try {
    await migrateUp(db);
    const { storage } = await loadKeyring(db, config.secrets);
    const atRest = new AtRest(storage);
    const at = clock();
    await inTransaction(db, async (trx) => {
      for (const vendor of vendors) await insertVendor(trx, vendor, at);
      for (const { client } of clients) {
        const creation = { phase: phaseAtLogin(client), actor: 'doctor', at };
        await insertClient(trx, atRest, withoutSecrets(client), creation);
      }
    });
  } finally {
    await db.destroy();
  }
}

/** A login page needs no credential, and a walk does not care who could go round. */
function withoutSecrets(client: Client): Client {
  const upstream = client.upstream && { ...client.upstream, clientSecret: undefined };
  return { ...client, clientSecret: undefined, upstream, acceptBypass: true };
}

/** The phase that asks the upstream for the same scopes. */
function phaseAtLogin(client: Client): Phase {
  const current = client.phases.at(-1);
  if (current === undefined) return 'shadow';
  const narrowed = current.percent !== undefined || current.pilotUsers.length > 0;
  return narrowed ? 'shadow' : current.phase;
}

async function listen(
  application: Application,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer(application.publicApp);
  const started = Promise.withResolvers<void>();
  server.once('error', started.reject).listen(0, '127.0.0.1', started.resolve);
  await started.promise;
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const stopped = Promise.withResolvers<void>();
      server.close(() => stopped.resolve());
      server.closeAllConnections();
      await stopped.promise;
    },
  };
}

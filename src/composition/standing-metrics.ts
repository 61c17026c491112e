import { setTimeout as sleep } from 'node:timers/promises';

import { readHead } from '../audit/store.ts';
import type { Config } from '../config/types.ts';
import type { Connection } from '../database/connection.ts';
import { poolState, readStanding } from '../database/standing.ts';
import type { LogLevel } from '../observability/log-level.ts';
import type { Instruments } from '../observability/metrics/registry.ts';
import type { KeyRing } from '../signing/ring.ts';
import { saltTimes } from '../subjects/salts/rotation.ts';
import type { Client } from '../vendors/client.ts';
import { newestPhase } from '../vendors/phase.ts';
import type { Registry } from '../vendors/registry.ts';
import type { BoundedLabels } from './metrics.ts';

/** What is looked at when somebody asks for the metrics. */
export interface StandingParts {
  readonly db: Connection;
  readonly clock: () => Date;
  readonly registry: Registry;
  readonly ring: Pick<KeyRing, 'standings'>;
  readonly readiness: () => Readonly<Record<'database' | 'upstream' | 'serving', boolean>>;
  readonly config: Pick<Config, 'maxStaleness' | 'securityWebhook' | 'logLevel'>;
  readonly logLevel: LogLevel | undefined;
  readonly labels: BoundedLabels;
}

/** Milliseconds that a scrape waits for the database; what it would have told is left out then. */
const PATIENCE = 2000;
const UNREF = { ref: false } as const;
/** Bits of a hash that a number of the text format holds exactly. */
const HEAD_BYTES = 6;

/** Reads how things stand into the gauges; what cannot be read is left out, never kept old. */
export function standingLook(parts: StandingParts, gauges: Instruments): () => Promise<void> {
  return async () => {
    lookAtProcess(parts, gauges);
    lookAtClients(parts, gauges);
    const read = parts.registry.databaseUp
      ? await Promise.race([
          readRows(parts).catch(() => undefined),
          sleep(PATIENCE, undefined, UNREF),
        ])
      : undefined;
    showRows(parts, gauges, read ?? undefined);
  };
}

function lookAtProcess(parts: StandingParts, gauges: Instruments): void {
  const { db, registry, ring, clock, readiness } = parts;
  const { database, upstream, serving } = readiness();
  gauges.databaseUp.set(Number(database));
  gauges.upstreamUp.set(Number(upstream));
  gauges.draining.set(Number(!serving));
  gauges.workers.reset();
  gauges.workers.set({ log_level: parts.logLevel?.current ?? parts.config.logLevel }, 1);
  gauges.stalenessLimit.set(parts.config.maxStaleness);
  if (registry.age !== undefined) gauges.configurationAge.set(registry.age / 1000);
  for (const [state, count] of Object.entries(poolState(db))) gauges.pool.set({ state }, count);
  gauges.keyAge.reset();
  const newestFirst = ring
    .standings()
    .toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  for (const { alg, state, createdAt } of newestFirst) {
    gauges.keyAge.set({ alg, state }, (clock().getTime() - createdAt.getTime()) / 1000);
  }
}

function lookAtClients({ registry, labels }: StandingParts, gauges: Instruments): void {
  for (const gauge of [gauges.clients, gauges.clientPhase, gauges.pilotPercent]) gauge.reset();
  for (const phase of ['public', 'shadow', 'pairwise']) gauges.clients.set({ phase }, 0);
  for (const each of clientsOf(registry)) {
    const { phase, percent, pilotUsers } = newestPhase(each);
    gauges.clients.inc({ phase });
    const client = labels.clients.of(each.clientId);
    if (client !== each.clientId) continue;
    gauges.clientPhase.set({ client, phase }, 1);
    if (phase !== 'pairwise') continue;
    gauges.pilotPercent.set({ client }, percent ?? (pilotUsers.length > 0 ? 0 : 100));
  }
}

/** None where the registry is too old to say. */
function clientsOf(registry: Registry): readonly Client[] {
  try {
    return registry.clients();
  } catch {
    return [];
  }
}

async function readRows({ db, clock }: StandingParts) {
  const now = clock();
  const standing = await readStanding(db, now);
  return { now, standing, salts: await saltTimes(db), head: await readHead(db) };
}

function showRows(
  { config }: StandingParts,
  gauges: Instruments,
  rows: Awaited<ReturnType<typeof readRows>> | undefined,
): void {
  const { saltAge, saltGrace, auditHeight, auditHead } = gauges;
  const { deliveriesWaiting, receiversFailing, reverseLookups } = gauges;
  for (const gauge of [auditHeight, auditHead, receiversFailing]) gauge.remove();
  for (const gauge of [saltAge, saltGrace, deliveriesWaiting, reverseLookups]) gauge.reset();
  if (rows === undefined) return;
  const { now, standing, salts, head } = rows;
  deliveriesWaiting.set({ queue: 'logout' }, standing.logoutDeliveries);
  deliveriesWaiting.set({ queue: 'events' }, standing.batchesBehind);
  const tellsOperator = config.securityWebhook.url !== undefined;
  if (tellsOperator) deliveriesWaiting.set({ queue: 'security' }, standing.securityEvents);
  receiversFailing.set(standing.receiversFailing);
  reverseLookups.set({ of: 'all' }, standing.lookups.all);
  reverseLookups.set({ of: 'one_actor' }, standing.lookups.oneActor);
  auditHeight.set(head.position);
  auditHead.set(Buffer.from(head.hash).readUIntBE(0, HEAD_BYTES));
  for (const { version, state, createdAt, destroyAfter } of salts) {
    if (state === 'destroyed') continue;
    const labels = { version: String(version), state };
    saltAge.set(labels, (now.getTime() - createdAt.getTime()) / 1000);
    if (destroyAfter === undefined) continue;
    const remaining = (destroyAfter.getTime() - now.getTime()) / 1000;
    saltGrace.set({ version: labels.version }, remaining);
  }
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Connection } from './connection.ts';
import { isUniqueViolation } from './failures.ts';

/** Milliseconds for which a lease holds unless it is renewed: how long a killed holder is in the way. */
const LEASE = 20_000;
const RENEWAL = 5_000;
const POLL = 100;

/**
 * Runs `work` while no other process runs its own. The lease is a row taken by
 * compare-and-set; it runs out by itself when its holder dies, unlike knex's
 * lock, and it holds on a Galera cluster, unlike GET_LOCK. The processes'
 * clocks must agree to within a few seconds. Waits as long as it takes.
 */
export async function withMigrationLease<T>(db: Connection, work: () => Promise<T>): Promise<T> {
  await ensureLeaseRow(db);
  const holder = randomUUID();
  while (!(await take(db, holder))) await sleep(POLL);
  const done = new AbortController();
  const renewal = renew(db, holder, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await renewal;
    await db('migration_lease').where({ id: 1, holder }).update({ expires_at: 0 });
  }
}

async function ensureLeaseRow(db: Connection): Promise<void> {
  await db.raw(
    'create table if not exists migration_lease ' +
      '(id integer not null primary key, holder varchar(36) not null, expires_at bigint not null)',
  );
  if (await db('migration_lease').first('id')) return;
  try {
    await db('migration_lease').insert({ id: 1, holder: '', expires_at: 0 });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
}

async function take(db: Connection, holder: string): Promise<boolean> {
  const now = Date.now();
  const taken = await db('migration_lease')
    .where('id', 1)
    .andWhere('expires_at', '<=', now)
    .update({ holder, expires_at: now + LEASE });
  return taken === 1;
}

async function renew(db: Connection, holder: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await sleep(RENEWAL, undefined, { signal });
    } catch {
      return;
    }
    // A failed renewal is no reason to stop: the next one, or the work itself, will show it.
    await db('migration_lease')
      .where({ id: 1, holder })
      .update({ expires_at: Date.now() + LEASE })
      .catch(() => undefined);
  }
}

import type { Knex } from 'knex';

import { keys } from '../../migrations/0001_keys.ts';
import { changeLog } from '../../migrations/0002_change_log.ts';
import { registry } from '../../migrations/0003_registry.ts';
import { pseudonyms } from '../../migrations/0004_pseudonyms.ts';
import { sessions } from '../../migrations/0005_sessions.ts';
import { logout } from '../../migrations/0006_logout.ts';
import { notices } from '../../migrations/0007_notices.ts';
import { audit } from '../../migrations/0008_audit.ts';
import { registration } from '../../migrations/0009_registration.ts';
import { subjectLifecycle } from '../../migrations/0010_subject_lifecycle.ts';
import { mappingAndImport } from '../../migrations/0011_mapping_and_import.ts';
import { selfService } from '../../migrations/0013_self_service.ts';
import { linking } from '../../migrations/0014_linking.ts';
import { events } from '../../migrations/0015_events.ts';
import { sectorLinks } from '../../migrations/0016_sector_links.ts';
import { dailyActivity } from '../../migrations/0017_daily_activity.ts';
import { rolloutGates } from '../../migrations/0019_rollout_gates.ts';
import { adminApi } from '../../migrations/0012_admin_api.ts';
import type { Connection } from './connection.ts';
import { orUnavailable } from './failures.ts';
import { withMigrationLease } from './migration-lease.ts';
import type { Migration } from './tables.ts';

/** Every migration, oldest first; imported and not read from a folder, so that `.ts` and `.js` are one. */
const MIGRATIONS: readonly Migration[] = [
  keys,
  changeLog,
  registry,
  pseudonyms,
  sessions,
  logout,
  notices,
  audit,
  registration,
  subjectLifecycle,
  mappingAndImport,
  adminApi,
  selfService,
  linking,
  events,
  sectorLinks,
  dailyActivity,
  rolloutGates,
];

/** The migrations under names that carry no file extension. */
export const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: async () => [...MIGRATIONS],
  getMigrationName: ({ name }) => name,
  getMigration: async (migration) => migration,
};

const CONFIG = { migrationSource } as const;

export interface MigrationStatus {
  readonly done: readonly string[];
  readonly pending: readonly string[];
  /** Recorded in the database, but unknown to this version of the program. */
  readonly unknown: readonly string[];
}

export type SchemaState = 'current' | 'behind' | 'ahead' | 'empty';

/**
 * Runs what is pending, under a lease: two processes that start at once do the
 * work once. Returns the names of what ran. A schema newer than this program
 * is an error.
 */
export function migrateUp(db: Connection): Promise<readonly string[]> {
  return migrate(db, async () => {
    const [, names] = (await db.migrate.latest(CONFIG)) as [number, string[]];
    return names;
  });
}

/** Undoes the newest migration, one at a time. Returns its name, or an empty list. */
export function migrateDown(db: Connection): Promise<readonly string[]> {
  return migrate(db, async () => {
    const [, names] = (await db.migrate.down(CONFIG)) as [number, string[]];
    return names;
  });
}

/** What has run and what has not. Changes nothing. */
export async function migrationStatus(db: Connection): Promise<MigrationStatus> {
  const recorded = await orUnavailable(() => recordedNames(db));
  const known = MIGRATIONS.map(({ name }) => name);
  return {
    done: known.filter((name) => recorded.has(name)),
    pending: known.filter((name) => !recorded.has(name)),
    unknown: [...recorded].filter((name) => !known.includes(name)),
  };
}

/** Whether this program and the schema fit together. Changes nothing. */
export async function schemaState(db: Connection): Promise<SchemaState> {
  const { done, pending, unknown } = await migrationStatus(db);
  if (unknown.length > 0) return 'ahead';
  if (pending.length === 0) return 'current';
  return done.length === 0 ? 'empty' : 'behind';
}

async function migrate(
  db: Connection,
  run: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return orUnavailable(() =>
    withMigrationLease(db, async () => {
      const { unknown } = await migrationStatus(db);
      if (unknown.length > 0) {
        throw new Error(
          `The database has migrations that this version does not know: ${unknown.join(', ')}. ` +
            'Use the version that made them, or a newer one.',
        );
      }
      // The lease is the lock. knex's own stays taken for ever when its process is killed.
      await db.migrate.forceFreeMigrationsLock(CONFIG);
      return run();
    }),
  );
}

async function recordedNames(db: Connection): Promise<ReadonlySet<string>> {
  if (!(await db.schema.hasTable('knex_migrations'))) return new Set();
  const rows = await db('knex_migrations').select<{ name: string }[]>('name').orderBy('id');
  return new Set(rows.map(({ name }) => name));
}

import { expect, test } from 'vitest';

import { bytes } from '../../src/database/bytes.ts';
import type { Connection } from '../../src/database/connection.ts';
import { migrateDown, migrateUp, schemaState } from '../../src/database/migrations.ts';
import { describeOnEachDialect } from '../support/database.ts';
import { fillEveryTable, tableNames } from './rows.ts';

/** Takes back the newest migrations up to and with the one named. */
async function downTo(db: Connection, name: string): Promise<void> {
  for (;;) {
    const [undone] = await migrateDown(db);
    if (undone === undefined || undone === name) return;
  }
}

describeOnEachDialect('migrations', (open) => {
  test('run up from nothing, and a second run finds nothing to do', async () => {
    const { db } = await open.empty();
    expect(await schemaState(db)).toBe('empty');
    expect(await migrateUp(db)).not.toEqual([]);
    expect(await schemaState(db)).toBe('current');
    expect(await migrateUp(db)).toEqual([]);
  });

  test('run down one by one with rows in every table, leave nothing, and run up again', async () => {
    const { db } = await open.fresh();
    await fillEveryTable(db);
    for (const name of tableNames) expect(await db(name).first(), name).toBeDefined();
    const states: string[] = [];
    while ((await migrateDown(db)).length > 0) states.push(await schemaState(db));
    expect(states.at(-1)).toBe('empty');
    expect(new Set(states.slice(0, -1))).toEqual(new Set(['behind']));
    for (const name of tableNames) expect(await db.schema.hasTable(name), name).toBe(false);

    await migrateUp(db);
    await fillEveryTable(db);
    expect(await schemaState(db)).toBe('current');
  });

  test('going down some steps and up again keeps the rows of the other tables', async () => {
    const { db } = await open.fresh();
    await fillEveryTable(db);
    await downTo(db, '0006_logout');
    expect(await db.schema.hasColumn('sessions', 'released_sub')).toBe(false);
    await migrateUp(db);
    expect(await db('sessions').first()).toMatchObject({ grant_id: bytes('g1') });
    expect(await db('logout_deliveries').first()).toBeUndefined();
  });

  test('two processes that start at once migrate once', async () => {
    const database = await open.empty();
    const runs = await Promise.all(
      [database.db, database.connect(), database.connect()].map((db) => migrateUp(db)),
    );
    expect(runs.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await schemaState(database.db)).toBe('current');
  });

  test('a process killed while it migrated does not block the next one', async () => {
    const { db } = await open.empty();
    await migrateUp(db);
    await downTo(db, '0005_sessions');
    // What it leaves: knex's lock taken, a lease that has run out, one table half of the work.
    await db('knex_migrations_lock').update({ is_locked: 1 });
    await db('migration_lease').update({ holder: 'dead', expires_at: Date.now() + 300 });
    await db.schema.createTable('sessions', (table) => {
      table.integer('half');
    });
    expect((await migrateUp(db)).slice(0, 2)).toEqual(['0005_sessions', '0006_logout']);
    expect(await db.schema.hasColumn('sessions', 'grant_id')).toBe(true);
  });

  test('a table with rows is never dropped, even where its migration is not recorded', async () => {
    const { db } = await open.fresh();
    await fillEveryTable(db);
    await db('knex_migrations').where('name', '>=', '0004_pseudonyms').del();
    await expect(migrateUp(db)).rejects.toThrow(/pseudonyms holds rows/);
    expect(await db('pseudonyms').first()).toBeDefined();
  });

  test('a schema newer than the program is reported and left alone', async () => {
    const { db } = await open.fresh();
    await db('knex_migrations').insert({ name: '9999_tomorrow', batch: 9 });
    expect(await schemaState(db)).toBe('ahead');
    await expect(migrateUp(db)).rejects.toThrow(/9999_tomorrow/);
  });
});

import { createTable, dropColumns, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** What rotation, erasure and new salts need to remember. */
export const subjectLifecycle: Migration = {
  name: '0010_subject_lifecycle',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('pseudonyms', 'grace_until'))) {
      await db.schema.alterTable('pseudonyms', (table) => {
        table.bigInteger('retired_at').nullable();
        table.bigInteger('grace_until').nullable().index();
      });
    }
    if (!(await db.schema.hasColumn('salts', 'destroy_after'))) {
      await db.schema.alterTable('salts', (table) => {
        table.bigInteger('retired_at').nullable();
        table.bigInteger('destroy_after').nullable();
      });
    }
    if (!(await db.schema.hasColumn('sealed_references', 'user_index'))) {
      await db.schema.alterTable('sealed_references', (table) => {
        table.binary('user_index', HASH).nullable().index();
      });
    }
    await createTable(db, 'subject_marks', (table) => {
      table.binary('user_hash', HASH).notNullable().primary();
      table.bigInteger('not_before').notNullable();
      table.bigInteger('expires_at').notNullable().index();
    });
    await createTable(db, 'tombstones', (table) => {
      table.binary('hash', HASH).notNullable().primary();
      table.integer('generation').notNullable();
    });
    await createTable(db, 'subject_changes', (table) => {
      table.bigIncrements('id');
      table.binary('sector', IDENTIFIER).notNullable();
      table.binary('user_index', HASH).notNullable();
      table.binary('old_sub', IDENTIFIER).notNullable();
      table.binary('new_sub', IDENTIFIER).notNullable();
      table.bigInteger('at').notNullable();
      table.bigInteger('expires_at').notNullable().index();
      table.index(['sector', 'user_index']);
      table.index(['sector', 'old_sub']);
      table.index(['sector', 'id']);
    });
    await createTable(db, 'subject_rotations', (table) => {
      // The one row: one rotation of many users at a time.
      table.integer('slot').notNullable().primary();
      table.binary('scope', 1024).notNullable();
      table.binary('holder', IDENTIFIER).notNullable();
      table.bigInteger('lease_until').notNullable();
      table.bigInteger('started_at').notNullable();
      table.integer('grace_days').notNullable();
      table.boolean('end_sessions').notNullable();
      table.binary('sector', IDENTIFIER).nullable();
      table.binary('user_index', HASH).nullable();
      table.integer('rotated').notNullable();
    });
    await createTable(db, 'subject_lookups', (table) => {
      table.binary('actor', IDENTIFIER).notNullable();
      table.bigInteger('hour').notNullable();
      table.integer('count').notNullable();
      table.primary(['actor', 'hour']);
    });
  },

  async down(db) {
    await dropTables(
      ...([db, 'subject_lookups', 'subject_rotations', 'subject_changes'] as const),
      ...['tombstones', 'subject_marks'],
    );
    await dropColumns(db, 'sealed_references', 'user_index');
    await dropColumns(db, 'salts', 'retired_at', 'destroy_after');
    await dropColumns(db, 'pseudonyms', 'retired_at', 'grace_until');
  },
};

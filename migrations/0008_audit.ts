import { createTable, dropColumns, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Bytes of a handle. */
const HANDLE = 16;

/** The audit log: a chain of rows, its head, and the handles that users appear by. */
export const audit: Migration = {
  name: '0008_audit',

  async up(db) {
    await createTable(db, 'audit_log', (table) => {
      table.bigInteger('position').notNullable().primary();
      table.string('act', 64).notNullable().index();
      table.binary('actor', IDENTIFIER).notNullable();
      table.binary('target', IDENTIFIER).notNullable().index();
      table.binary('handle', HANDLE).nullable().index();
      table.specificType('reason', 'longblob').nullable();
      table.binary('request_id', IDENTIFIER).nullable();
      table.specificType('details', 'longblob').nullable();
      table.bigInteger('at').notNullable();
      table.binary('hash', HASH).notNullable();
    });
    await createTable(db, 'audit_handles', (table) => {
      table.binary('handle', HANDLE).notNullable().primary();
      table.binary('sector', IDENTIFIER).notNullable();
      table.binary('user_index', HASH).notNullable();
      table.unique(['sector', 'user_index']);
    });
    await createTable(db, 'audit_segments', (table) => {
      table.bigInteger('position').notNullable().primary();
      table.specificType('records', 'longblob').notNullable();
    });
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('pseudonyms', 'last_used_day'))) {
      await db.schema.alterTable('pseudonyms', (table) => {
        table.integer('last_used_day').nullable();
      });
    }
    // Last, for a table with a row in it tells of a run that got this far.
    if (
      !(await db.schema.hasTable('audit_head')) ||
      (await db('audit_head').first()) === undefined
    ) {
      await createTable(db, 'audit_head', (table) => {
        table.integer('id').notNullable().primary();
        table.bigInteger('position').notNullable();
        table.binary('hash', HASH).notNullable();
      });
      await db('audit_head').insert({ id: 1, position: 0, hash: Buffer.alloc(HASH) });
    }
  },

  async down(db) {
    await dropColumns(db, 'pseudonyms', 'last_used_day');
    await dropTables(db, 'audit_segments', 'audit_handles', 'audit_log', 'audit_head');
  },
};

import { createTable, dropColumns, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** What a logout needs to know of a grant, and the logout tokens that are on their way. */
export const logout: Migration = {
  name: '0006_logout',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    const added = await db.schema.hasColumn('sessions', 'released_sub');
    if (!added) {
      await db.schema.alterTable('sessions', (table) => {
        table.binary('released_sub', IDENTIFIER).nullable();
        table.binary('browser_index', HASH).nullable().index();
        table.specificType('upstream_id_token', 'longblob').nullable();
      });
    }
    await createTable(db, 'logout_deliveries', (table) => {
      table.binary('id', IDENTIFIER).notNullable().primary();
      table.binary('client_id', IDENTIFIER).notNullable();
      table.specificType('contents', 'longblob').notNullable();
      table.integer('attempts').notNullable();
      table.bigInteger('due_at').notNullable().index();
      table.bigInteger('expires_at').notNullable().index();
    });
  },

  async down(db) {
    await dropTables(db, 'logout_deliveries');
    await dropColumns(db, 'sessions', 'released_sub', 'browser_index', 'upstream_id_token');
  },
};

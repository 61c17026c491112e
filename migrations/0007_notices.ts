import { createTable, dropColumns, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Which vendors have a notice page, and what each user has been told on it. */
export const notices: Migration = {
  name: '0007_notices',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('vendors', 'notice'))) {
      await db.schema.alterTable('vendors', (table) => {
        table.boolean('notice').notNullable().defaultTo(false);
      });
    }
    await createTable(db, 'notices', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable();
      table.binary('sector', IDENTIFIER).notNullable();
      table.binary('user_index', HASH).notNullable();
      table.text('shown').notNullable();
      table.bigInteger('at').notNullable();
      table.primary(['client_id', 'sector', 'user_index']);
      table.index(['sector', 'user_index']);
    });
  },

  async down(db) {
    await dropTables(db, 'notices');
    await dropColumns(db, 'vendors', 'notice');
  },
};

import { createTable, dropColumns, dropTables, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** What is looked at before a client goes further, the freeze, and logins in shadow as counted. */
export const rolloutGates: Migration = {
  name: '0019_rollout_gates',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('phase_changes', 'gates'))) {
      await db.schema.alterTable('phase_changes', (table) => {
        table.boolean('done').nullable();
        table.text('gates', 'longtext').nullable();
      });
    }
    await createTable(db, 'rollout_freezes', (table) => {
      // The one row: frozen or not.
      table.integer('slot').notNullable().primary();
      table.binary('actor', IDENTIFIER).notNullable();
      table.text('reason').nullable();
      table.bigInteger('at').notNullable();
    });
    await createTable(db, 'shadow_logins', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable();
      table.bigInteger('hour').notNullable().index();
      table.integer('logins').notNullable();
      table.integer('made').notNullable();
      table.integer('failed').notNullable();
      table.primary(['client_id', 'hour']);
    });
  },

  async down(db) {
    await dropTables(db, 'shadow_logins', 'rollout_freezes');
    await dropColumns(db, 'phase_changes', 'done', 'gates');
  },
};

import { dropColumns } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** What users may do about vendors themselves. */
export const selfService: Migration = {
  name: '0013_self_service',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (await db.schema.hasColumn('vendors', 'disconnect_policy')) return;
    await db.schema.alterTable('vendors', (table) => {
      table.string('disconnect_policy', 16).notNullable().defaultTo('new_subject');
    });
  },

  async down(db) {
    await dropColumns(db, 'vendors', 'disconnect_policy');
  },
};

import { createTable, dropTables } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** How many pseudonyms were made, and how many users were seen, day by day; of nobody in particular. */
export const dailyActivity: Migration = {
  name: '0017_daily_activity',

  async up(db) {
    await createTable(db, 'daily_activity', (table) => {
      // Days since 1970 (UTC).
      table.integer('day').notNullable().primary();
      table.bigInteger('made').notNullable();
      table.bigInteger('seen').notNullable();
    });
  },

  async down(db) {
    await dropTables(db, 'daily_activity');
  },
};

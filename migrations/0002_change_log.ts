import { createTable, dropTables, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** The change log that replicas poll, and the one row that numbers it. */
export const changeLog: Migration = {
  name: '0002_change_log',

  async up(db) {
    await createTable(db, 'change_head', (table) => {
      table.integer('id').notNullable().primary();
      table.bigInteger('position').notNullable();
    });
    await db('change_head').insert({ id: 1, position: 0 });
    await createTable(db, 'changes', (table) => {
      table.bigInteger('position').notNullable().primary();
      table.string('kind', 32).notNullable();
      table.binary('target', IDENTIFIER).notNullable();
      table.bigInteger('at').notNullable();
    });
  },

  async down(db) {
    await dropTables(db, 'changes', 'change_head');
  },
};

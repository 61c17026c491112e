import { createTable, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** The mapping: the one table that cannot be made again. */
export const pseudonyms: Migration = {
  name: '0004_pseudonyms',

  async up(db) {
    await createTable(db, 'pseudonyms', (table) => {
      table.binary('sector', IDENTIFIER).notNullable();
      table.binary('user_index', HASH).notNullable();
      table.integer('generation').notNullable();
      table.binary('sub', IDENTIFIER).notNullable();
      table.binary('local_subject', 1024).notNullable();
      table.integer('salt_version').notNullable();
      table.string('algorithm', 32).notNullable();
      table.bigInteger('created_at').notNullable();
      // In this order it also serves the hot read: the newest generation of one user.
      table.primary(['sector', 'user_index', 'generation']);
      table.unique(['sector', 'sub']);
    });
  },

  async down(db) {
    await dropTables(db, 'pseudonyms');
  },
};

import { createTable, dropTables, HASH } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Bytes of a local subject, encrypted. */
const SEALED_SUBJECT = 1024;

/** What users were called at the provider before. */
export const linking: Migration = {
  name: '0014_linking',

  async up(db) {
    await createTable(db, 'former_names', (table) => {
      table.binary('former_hash', HASH).notNullable().primary();
      table.binary('former', SEALED_SUBJECT).notNullable();
      table.binary('present_hash', HASH).notNullable().index();
      table.binary('present', SEALED_SUBJECT).notNullable();
      table.bigInteger('grace_until').notNullable();
      table.bigInteger('expires_at').notNullable().index();
    });
  },

  async down(db) {
    await dropTables(db, 'former_names');
  },
};

import { createTable, dropColumns, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Vendors that know their users by the original subject, and the way to the new ones. */
export const mappingAndImport: Migration = {
  name: '0011_mapping_and_import',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('pseudonyms', 'given_original'))) {
      await db.schema.alterTable('pseudonyms', (table) => {
        table.boolean('given_original').nullable();
      });
    }
    await createTable(db, 'mapping_tokens', (table) => {
      table.binary('id', IDENTIFIER).notNullable().primary();
      table.binary('client_id', IDENTIFIER).notNullable().index();
      table.binary('token_hash', HASH).notNullable().unique();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('expires_at').notNullable();
    });
  },

  async down(db) {
    await dropTables(db, 'mapping_tokens');
    await dropColumns(db, 'pseudonyms', 'given_original');
  },
};

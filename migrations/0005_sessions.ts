import { createTable, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** What lives for a while: grants, one-time values, values behind a reference. */
export const sessions: Migration = {
  name: '0005_sessions',

  async up(db) {
    await createTable(db, 'sessions', (table) => {
      table.binary('grant_id', IDENTIFIER).notNullable().primary();
      table.binary('client_id', IDENTIFIER).notNullable();
      table.binary('sector', IDENTIFIER).notNullable();
      table.binary('user_index', HASH).notNullable();
      table.binary('sid', IDENTIFIER).nullable();
      table.binary('upstream_sid_index', HASH).nullable().index();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('expires_at').notNullable().index();
      table.bigInteger('revoked_at').nullable().index();
      table.index(['sector', 'user_index']);
    });
    await createTable(db, 'spent', (table) => {
      table.string('purpose', 64).notNullable();
      table.binary('hash', HASH).notNullable();
      table.binary('grant_id', IDENTIFIER).nullable();
      table.bigInteger('expires_at').notNullable().index();
      table.primary(['purpose', 'hash']);
    });
    await createTable(db, 'sealed_references', (table) => {
      table.binary('hash', HASH).notNullable().primary();
      table.string('purpose', 64).notNullable();
      table.specificType('value', 'longblob').notNullable();
      table.bigInteger('expires_at').notNullable().index();
    });
  },

  async down(db) {
    await dropTables(db, 'sealed_references', 'spent', 'sessions');
  },
};

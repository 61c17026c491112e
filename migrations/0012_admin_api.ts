import { createTable, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Tokens for the admin API, and what it answered to requests that may come again. */
export const adminApi: Migration = {
  name: '0012_admin_api',

  async up(db) {
    await createTable(db, 'admin_tokens', (table) => {
      table.binary('name', IDENTIFIER).notNullable().primary();
      table.binary('token_hash', HASH).notNullable().unique();
      table.string('scopes', 64).notNullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('expires_at').notNullable();
      table.bigInteger('revoked_at').nullable();
      table.integer('last_used_day').nullable();
    });
    await createTable(db, 'admin_requests', (table) => {
      table.binary('key_hash', HASH).notNullable().primary();
      table.binary('fingerprint', HASH).notNullable();
      table.boolean('names_users').notNullable();
      table.integer('status').nullable();
      table.specificType('answer', 'longblob').nullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('expires_at').notNullable().index();
    });
  },

  async down(db) {
    await dropTables(db, 'admin_requests', 'admin_tokens');
  },
};

import { createTable, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Clients that vendors register themselves, and what the proxy holds at the provider for them. */
export const registration: Migration = {
  name: '0009_registration',

  async up(db) {
    await createTable(db, 'initial_access_tokens', (table) => {
      table.binary('id', IDENTIFIER).notNullable().primary();
      table.binary('vendor_id', IDENTIFIER).notNullable().index();
      table.binary('token_hash', HASH).notNullable().unique();
      table.integer('uses_left').notNullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('expires_at').notNullable();
    });
    await createTable(db, 'client_registrations', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable().primary();
      table.binary('token_hash', HASH).notNullable().unique();
      table.binary('initial_token_id', IDENTIFIER).notNullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('updated_at').notNullable();
    });
    await createTable(db, 'upstream_clients', (table) => {
      table.binary('id', IDENTIFIER).notNullable().primary();
      table.binary('vendor_id', IDENTIFIER).notNullable();
      table.string('state', 16).notNullable().index();
      table.binary('client_id', IDENTIFIER).nullable().unique();
      table.binary('upstream_client_id', 1024).notNullable();
      table.binary('upstream_client_secret', 4096).nullable();
      table.string('authentication_method', 32).nullable();
      table.specificType('management', 'longblob').nullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('updated_at').notNullable();
    });
    await createTable(db, 'sector_checks', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable().primary();
      table.bigInteger('checked_at').notNullable();
      table.bigInteger('failing_since').nullable();
      table.text('problem').nullable();
    });
  },

  async down(db) {
    await dropTables(
      db,
      'sector_checks',
      'upstream_clients',
      'client_registrations',
      'initial_access_tokens',
    );
  },
};

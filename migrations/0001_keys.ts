import { createTable, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Random roots, salts and signing keys; everything secret in them is sealed. */
export const keys: Migration = {
  name: '0001_keys',

  async up(db) {
    await createTable(db, 'roots', (table) => {
      table.binary('name', HASH).notNullable().primary();
      table.binary('wrapped', 1024).notNullable();
      table.bigInteger('created_at').notNullable();
    });
    await createTable(db, 'salts', (table) => {
      table.integer('version').notNullable().primary();
      table.binary('salt', 16384).notNullable();
      table.string('algorithm', 32).notNullable();
      table.string('state', 16).notNullable();
      table.bigInteger('created_at').notNullable();
    });
    await createTable(db, 'signing_keys', (table) => {
      table.binary('kid', IDENTIFIER).notNullable().primary();
      table.string('alg', 16).notNullable();
      table.string('state', 16).notNullable();
      // One 'next' and one 'active' key of an algorithm, however many replicas start at once.
      table.string('slot', 32).nullable().unique();
      table.text('public_jwk').notNullable();
      table.binary('private_jwk', 16384).notNullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('activated_at').nullable();
      table.bigInteger('retired_at').nullable();
    });
  },

  async down(db) {
    await dropTables(db, 'signing_keys', 'salts', 'roots');
  },
};

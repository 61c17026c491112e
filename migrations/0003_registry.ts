import { createTable, dropTables, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Vendors, their sectors and clients, and each client's recorded phases. */
export const registry: Migration = {
  name: '0003_registry',

  async up(db) {
    await createTable(db, 'vendors', (table) => {
      table.binary('id', IDENTIFIER).notNullable().primary();
      table.string('name', 255).notNullable();
      table.text('contacts').notNullable();
      table.text('policy_uri').nullable();
      table.boolean('one_sector').notNullable();
      table.text('allowed_subject_types').notNullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('updated_at').notNullable();
    });
    await createTable(db, 'sectors', (table) => {
      table.binary('sector', IDENTIFIER).notNullable().primary();
      table.binary('vendor_id', IDENTIFIER).notNullable().references('vendors.id');
      table.bigInteger('created_at').notNullable();
    });
    await createTable(db, 'clients', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable().primary();
      table.binary('vendor_id', IDENTIFIER).notNullable().references('vendors.id');
      table.binary('sector', IDENTIFIER).notNullable().references('sectors.sector');
      table.string('subject_type', 16).notNullable();
      table.text('metadata', 'longtext').notNullable();
      table.binary('client_secret', 4096).nullable();
      table.binary('upstream_client_id', 1024).nullable();
      table.binary('upstream_client_secret', 4096).nullable();
      table.boolean('upstream_shared').notNullable();
      table.boolean('has_upstream').notNullable();
      table.boolean('accept_bypass').notNullable();
      table.bigInteger('accept_bypass_at').nullable();
      table.text('release_claims').notNullable();
      table.string('front_channel', 16).nullable();
      table.integer('continuity_days').notNullable();
      table.bigInteger('not_before').notNullable().defaultTo(0);
      table.integer('revision').notNullable().defaultTo(1);
      table.bigInteger('created_at').notNullable();
      table.bigInteger('updated_at').notNullable();
    });
    await createTable(db, 'phase_changes', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable().references('clients.client_id');
      table.integer('version').notNullable();
      table.string('phase', 16).notNullable();
      table.integer('percent').nullable();
      table.text('pilot_users', 'longtext').notNullable();
      table.string('actor', 255).notNullable();
      table.text('reason').nullable();
      table.integer('restores').nullable();
      table.bigInteger('change_position').notNullable();
      table.bigInteger('at').notNullable();
      table.primary(['client_id', 'version']);
    });
  },

  async down(db) {
    await dropTables(db, 'phase_changes', 'clients', 'sectors', 'vendors');
  },
};

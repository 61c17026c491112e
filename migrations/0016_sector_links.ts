import { createTable, dropColumns, dropTables, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Sectors that use the subjects of another one. */
export const sectorLinks: Migration = {
  name: '0016_sector_links',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('pseudonyms', 'known_only_in'))) {
      await db.schema.alterTable('pseudonyms', (table) => {
        table.binary('known_only_in', IDENTIFIER).nullable();
      });
    }
    if (!(await db.schema.hasColumn('subject_rotations', 'changed'))) {
      await db.schema.alterTable('subject_rotations', (table) => {
        table.integer('changed').notNullable().defaultTo(0);
      });
    }
    await createTable(db, 'sector_links', (table) => {
      table.binary('sector', IDENTIFIER).notNullable().primary();
      table.binary('into_sector', IDENTIFIER).notNullable().index();
      table.string('mode', 16).notNullable();
      table.boolean('prefers_linked').notNullable();
      table.boolean('between_vendors').notNullable();
      table.boolean('keeps').notNullable();
      table.integer('grace_days').notNullable();
      table.bigInteger('linked_at').notNullable();
      table.bigInteger('carried_at').nullable();
    });
  },

  async down(db) {
    await dropTables(db, 'sector_links');
    await dropColumns(db, 'subject_rotations', 'changed');
    await dropColumns(db, 'pseudonyms', 'known_only_in');
  },
};

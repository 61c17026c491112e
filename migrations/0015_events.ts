import { createTable, dropColumns, dropTables, HASH, IDENTIFIER } from '../src/database/tables.ts';
import type { Migration } from '../src/database/tables.ts';

/** Bytes of the name of a stream: a kind, and an identifier. */
const STREAM = 300;

/** How the changes of a sector are read. */
const ORDER = ['sector', 'batch', 'id'];

/** Events that vendors are told of: to whom each subject was given, and how far each stream is. */
export const events: Migration = {
  name: '0015_events',

  async up(db) {
    // MySQL commits each change by itself: what a killed run has added already stays.
    if (!(await db.schema.hasColumn('subject_changes', 'batch'))) {
      await db.schema.alterTable('subject_changes', (table) => {
        table.bigInteger('batch').nullable().index();
        table.index(ORDER);
      });
    }
    if (!(await db.schema.hasColumn('clients', 'events_authorization'))) {
      await db.schema.alterTable('clients', (table) => {
        table.binary('events_authorization', 4096).nullable();
      });
    }
    await createTable(db, 'given_subjects', (table) => {
      table.binary('client_id', IDENTIFIER).notNullable();
      table.binary('sector', IDENTIFIER).notNullable();
      table.binary('user_index', HASH).notNullable();
      table.integer('generation').notNullable();
      table.primary(['client_id', 'user_index']);
      table.index(['sector', 'user_index']);
    });
    await createTable(db, 'event_streams', (table) => {
      table.binary('id', STREAM).notNullable().primary();
      table.bigInteger('batch').notNullable();
      table.bigInteger('place').notNullable();
      table.binary('holder', IDENTIFIER).notNullable();
      table.bigInteger('lease_until').notNullable();
      table.bigInteger('due_at').notNullable();
      table.integer('failures').notNullable();
      table.integer('tries').notNullable();
      table.bigInteger('delivered').notNullable();
      table.bigInteger('abandoned').notNullable();
      table.bigInteger('delivered_at').nullable();
      table.binary('last_failure', IDENTIFIER).nullable();
    });
    await createTable(db, 'event_acks', (table) => {
      table.binary('stream_id', STREAM).notNullable();
      table.bigInteger('event_id').notNullable();
      table.primary(['stream_id', 'event_id']);
    });
    await createTable(db, 'event_batches', (table) => {
      table.integer('id').notNullable().primary();
      table.bigInteger('last').notNullable();
    });
    // Last, for a table with a row in it tells of a run that got this far.
    await db('event_batches').insert({ id: 1, last: 0 });
  },

  async down(db) {
    await dropTables(db, 'event_batches', 'event_acks', 'event_streams', 'given_subjects');
    await dropColumns(db, 'clients', 'events_authorization');
    if (await db.schema.hasColumn('subject_changes', 'batch')) {
      // A killed run may have dropped it already; where it stays, the next line fails.
      await db.schema
        .alterTable('subject_changes', (table) => table.dropIndex(ORDER))
        .catch(() => undefined);
    }
    await dropColumns(db, 'subject_changes', 'batch');
  },
};

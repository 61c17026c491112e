import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js';

import { Refusal } from '../errors.ts';
import { asBuffer } from './bytes.ts';
import { isBusy } from './failures.ts';

interface Query {
  sql: string;
  bindings?: unknown;
  /** `prepared`: the values of a statement of prepared.ts. */
  options?: { readonly prepared?: readonly unknown[] };
  response?: unknown;
  context?: unknown;
}

/** Milliseconds for which a statement waits while another connection writes. */
const BUSY_TIMEOUT = 5000;

/**
 * knex's better-sqlite3 dialect on Node's own `node:sqlite`: nothing native to
 * compile.
 *
 * Waiting for another writer happens here and not in SQLite's busy handler,
 * because `node:sqlite` is synchronous: the handler would hold up the event
 * loop, and with it a writer in this same process that has yet to commit.
 */
export class NodeSqliteClient extends BetterSqlite3Client {
  override _driver(): typeof DatabaseSync {
    return DatabaseSync;
  }

  override async acquireRawConnection(): Promise<DatabaseSync> {
    const { filename } = this.connectionSettings as { filename: string };
    try {
      mkdirSync(dirname(filename), { recursive: true, mode: 0o700 });
      closeSync(openSync(filename, 'a', 0o600));
    } catch (error) {
      throw new Refusal('database_unavailable', `${filename}: ${String(error)}`, { cause: error });
    }
    const connection = new DatabaseSync(filename, { timeout: 0 });
    await whenFree(() => connection.exec('PRAGMA journal_mode = WAL'));
    // A pseudonym is durable before a token leaves: FULL also survives a power cut.
    connection.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    return connection;
  }

  override async _query(connection: DatabaseSync, query: Query): Promise<Query> {
    // A deferred transaction that reads first cannot wait for its turn to write
    // (SQLITE_BUSY_SNAPSHOT); one that takes the write lock at once can.
    const sql = query.sql === 'BEGIN;' ? 'BEGIN IMMEDIATE' : query.sql;
    const values = query.options?.prepared ?? this._formatBindings(query.bindings);
    const bindings = values.map(bound);
    await whenFree(() => {
      const statement = connection.prepare(sql);
      if (statement.columns().length > 0) {
        query.response = statement.all(...bindings).map(row);
        return;
      }
      const { changes, lastInsertRowid } = statement.run(...bindings);
      query.response = [];
      query.context = { lastID: lastInsertRowid, changes };
    });
    return query;
  }
}

async function whenFree(work: () => void): Promise<void> {
  const deadline = performance.now() + BUSY_TIMEOUT;
  for (let pause = 1; ; pause = Math.min(pause * 2, 25)) {
    try {
      work();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await sleep(pause * (0.5 + Math.random()));
  }
}

function bound(value: unknown): SQLInputValue {
  return (value === undefined ? null : value) as SQLInputValue;
}

function row(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? asBuffer(value) : value,
    ]),
  );
}

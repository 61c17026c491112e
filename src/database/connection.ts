import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import knex from 'knex';
import type { Knex } from 'knex';

import type { DatabaseLocation } from '../config/types.ts';
import { asRefusal, isConflict } from './failures.ts';
import { MysqlClient } from './mysql-client.ts';
import { NodeSqliteClient } from './sqlite-client.ts';

export { isUnavailable, isUniqueViolation, orUnavailable } from './failures.ts';

export type Connection = Knex;
export type Transaction = Knex.Transaction;

/** How often a transaction is run in all when others keep getting in its way. */
const ATTEMPTS = 10;
/** Milliseconds after which it is not run again, so that nobody waits for each attempt in turn. */
const PATIENCE = 5000;

/** Milliseconds; short, so that an outage is noticed while a vendor still waits. */
const CONNECT_TIMEOUT = 3000;
/** Milliseconds that work waits for a free connection. */
const ACQUIRE_TIMEOUT = 5000;
const POOL_SIZE = 10;

/**
 * A pool on the database. Nothing is connected before the first query, so it
 * opens while the database is away. Close it with `destroy()`.
 */
export function openDatabase(location: DatabaseLocation): Connection {
  return knex(databaseConfig(location));
}

/**
 * Runs a whole transaction, again and again (bounded) while others get in its
 * way: deadlock on MySQL and MariaDB, also at COMMIT, and a busy SQLite file.
 * So `work` must not keep anything from an attempt that failed. When the
 * database is away or stays busy: `Refusal('database_unavailable')`.
 */
export async function inTransaction<T>(
  db: Connection,
  work: (trx: Transaction) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(work);
    } catch (error) {
      const isLast = attempt === ATTEMPTS || performance.now() >= deadline;
      if (!isConflict(error) || isLast) throw asRefusal(error);
    }
    await sleep(Math.random() * 10 * attempt);
  }
}

/** What knex needs to know about a location. */
export function databaseConfig(location: DatabaseLocation): Knex.Config {
  const common = {
    acquireConnectionTimeout: ACQUIRE_TIMEOUT,
    // With values in place an error's message would carry identifiers into a log.
    compileSqlOnError: false,
    // Whatever it would print is thrown as well, and stdout belongs to the program's own lines.
    log: { debug: ignore, deprecate: ignore, warn: ignore, error: ignore },
  };
  if (location.dialect === 'sqlite') {
    return {
      ...common,
      client: NodeSqliteClient,
      connection: { filename: location.file },
      useNullAsDefault: true,
      // One connection: node:sqlite is synchronous, more would only get in each other's way.
      pool: { min: 1, max: 1 },
    };
  }
  return {
    ...common,
    client: MysqlClient,
    connection: {
      uri: location.url,
      charset: 'utf8mb4',
      timezone: 'Z',
      supportBigNumbers: true,
      multipleStatements: false,
      connectTimeout: CONNECT_TIMEOUT,
    },
    pool: { min: 0, max: POOL_SIZE, afterCreate: prepareSession },
  };
}

function ignore(): void {}

interface RawConnection {
  query(sql: string, done: (error: Error | null) => void): void;
}

/**
 * Strict mode: a value that does not fit is an error, never cut short.
 * READ COMMITTED: after a unique-key conflict the winner's row can be read in
 * the same transaction (the snapshot of REPEATABLE READ would hide it), and
 * inserts take no gap locks, the usual cause of deadlocks here.
 */
const SESSION_SETTINGS = [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION'",
  'SET SESSION innodb_lock_wait_timeout = 5',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

function prepareSession(
  connection: RawConnection,
  done: (error: Error | null, connection: RawConnection) => void,
): void {
  const query = promisify(connection.query.bind(connection));
  const settle = async (): Promise<void> => {
    for (const sql of SESSION_SETTINGS) await query(sql);
  };
  settle().then(
    () => done(null, connection),
    (error: Error) => done(error, connection),
  );
}

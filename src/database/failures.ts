import knex from 'knex';

import { Refusal } from '../errors.ts';

interface DriverError {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly errcode?: unknown;
  readonly fatal?: unknown;
}

const NETWORK_CODES: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
]);

/**
 * MySQL and MariaDB errors that say "not now" or "not here": too many
 * connections, shutting down, killed, not yet part of its cluster (1047),
 * a lock that nobody gives up (1205), a primary that has become a read-only
 * replica (1290, 1836) during a failover, or a disk or table that is full (1021,
 * 1026, 1030, 1114, at COMMIT 1180).
 */
const MYSQL_UNAVAILABLE: ReadonlySet<unknown> = new Set([
  1021, 1026, 1030, 1040, 1047, 1053, 1114, 1129, 1158, 1159, 1160, 1161, 1180, 1203, 1205, 1290,
  1317, 1836, 1927,
]);

/**
 * Errors after which the whole transaction may be run again: deadlock (1213,
 * on a Galera cluster also at COMMIT), a record changed since it was read
 * (1020), and the write conflicts of TiDB (8002, 9007).
 */
const MYSQL_RETRYABLE: ReadonlySet<unknown> = new Set([1020, 1213, 8002, 9007]);

/** What a transaction has read holds no more, so that it must begin again. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

const MYSQL_DUPLICATE: ReadonlySet<unknown> = new Set([1062, 1586]);

/** Primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. */
const SQLITE_UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 8, 10, 13, 14]);
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** A row with the same primary or unique key stands there already. */
export function isUniqueViolation(error: unknown): boolean {
  const { errno, errcode } = driverError(error);
  return (
    MYSQL_DUPLICATE.has(errno) ||
    errcode === SQLITE_CONSTRAINT_PRIMARYKEY ||
    errcode === SQLITE_CONSTRAINT_UNIQUE
  );
}

/** The database cannot be used at the moment: away, overloaded, locked or read-only. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Refusal) return error.reason === 'database_unavailable';
  if (error instanceof knex.KnexTimeoutError) return true;
  const { code, errno, errcode, fatal } = driverError(error);
  return (
    fatal === true ||
    NETWORK_CODES.has(code) ||
    MYSQL_UNAVAILABLE.has(errno) ||
    (typeof errcode === 'number' && SQLITE_UNAVAILABLE.has(errcode & 0xff))
  );
}

/** Another transaction was in the way: the whole transaction may be run again. */
export function isConflict(error: unknown): boolean {
  if (error instanceof Overtaken) return true;
  return MYSQL_RETRYABLE.has(driverError(error).errno) || isBusy(error);
}

/** SQLite: another connection is writing. */
export function isBusy(error: unknown): boolean {
  const { errcode } = driverError(error);
  return typeof errcode === 'number' && (errcode & 0xff) === SQLITE_BUSY;
}

/**
 * Runs work on the database outside a transaction; an outage becomes
 * `Refusal('database_unavailable')`, every other failure passes unchanged.
 */
export async function orUnavailable<T>(work: () => PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRefusal(error);
  }
}

/** The error itself, or `Refusal('database_unavailable')` in its place when it tells of an outage. */
export function asRefusal(error: unknown): unknown {
  if (error instanceof Refusal || !(isUnavailable(error) || isConflict(error))) return error;
  const { code, errno, errcode } = driverError(error);
  const what = [code, errno ?? errcode].filter((part) => part !== undefined).join(' ');
  return new Refusal('database_unavailable', what || 'no connection was free in time', {
    cause: error,
  });
}

function driverError(error: unknown): DriverError {
  return typeof error === 'object' && error !== null ? error : {};
}

import { randomBytes } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { createConnection } from 'mysql2/promise';
import { afterAll, describe, inject } from 'vitest';

import type { DatabaseLocation } from '../../src/config/types.ts';
import { openDatabase } from '../../src/database/connection.ts';
import type { Connection } from '../../src/database/connection.ts';
import type { MysqlServer } from './global-setup.ts';
import { scratchFolder } from './scratch.ts';

export type Dialect = DatabaseLocation['dialect'];

/** A database of a test's own, gone after `close()`. */
export interface TestDatabase {
  readonly dialect: Dialect;
  readonly location: DatabaseLocation;
  readonly db: Connection;
  /** Another pool on the same database, as a second replica has one; closed with the first. */
  connect(): Connection;
  close(): Promise<void>;
}

/** One that is a file. */
export interface SqliteDatabase extends TestDatabase {
  readonly file: string;
}

/** A database without tables. */
export function emptyDatabase(dialect: Dialect): Promise<TestDatabase> {
  return dialect === 'sqlite' ? sqliteDatabase() : mysqlDatabase(mysqlServer().url);
}

/** A database with the current schema: a copy of one that was migrated once for all tests. */
export async function freshDatabase(dialect: Dialect): Promise<TestDatabase> {
  if (dialect === 'sqlite') return sqliteDatabase(inject('sqliteTemplate'));
  const { url, schema } = mysqlServer();
  return mysqlDatabase(url, schema);
}

/**
 * A new database on a MySQL or MariaDB server at `serverUrl`.
 *
 * @param statements what makes its tables; by default it has none
 */
export async function mysqlDatabase(serverUrl: string, statements = ''): Promise<TestDatabase> {
  const name = `pairwise_${randomBytes(8).toString('hex')}`;
  await administer(serverUrl, `create database ${name}; use ${name}; ${statements}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return testDatabase({ dialect: 'mysql', url: url.href }, () =>
    administer(serverUrl, `drop database ${name}`),
  );
}

/**
 * A new SQLite database.
 *
 * @param template the file that it is a copy of; by default it has no tables
 */
export async function sqliteDatabase(template?: string): Promise<SqliteDatabase> {
  const folder = await scratchFolder('pairwise-');
  const file = join(folder, 'pairwise.sqlite');
  if (template !== undefined) await copyFile(template, file);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { ...testDatabase({ dialect: 'sqlite', file }, remove), file };
}

function testDatabase(location: DatabaseLocation, remove: () => Promise<void>): TestDatabase {
  const connections: Connection[] = [];
  const connect = (): Connection => {
    const connection = openDatabase(location);
    connections.push(connection);
    return connection;
  };
  const close = async (): Promise<void> => {
    await Promise.all(connections.map((connection) => connection.destroy()));
    await remove();
  };
  return { dialect: location.dialect, location, db: connect(), connect, close };
}

/** What a test of both dialects opens its databases with; all are closed after its last test. */
export interface Opener {
  readonly dialect: Dialect;
  empty(): Promise<TestDatabase>;
  fresh(): Promise<TestDatabase>;
}

/** The same tests on SQLite and on MySQL or MariaDB; neither is ever skipped. */
export function describeOnEachDialect(name: string, tests: (open: Opener) => void): void {
  describe.each(['sqlite', 'mysql'] as const)(`${name} (%s)`, (dialect) => {
    const opened: TestDatabase[] = [];
    const keep = async (opening: Promise<TestDatabase>): Promise<TestDatabase> => {
      const database = await opening;
      opened.push(database);
      return database;
    };
    afterAll(async () => {
      await Promise.all(opened.map((database) => database.close()));
    });
    tests({
      dialect,
      empty: () => keep(emptyDatabase(dialect)),
      fresh: () => keep(freshDatabase(dialect)),
    });
  });
}

function mysqlServer(): Exclude<MysqlServer, { problem: string }> {
  const server = inject('mysqlServer');
  if ('url' in server) return server;
  throw new Error(`There is no MySQL or MariaDB server to test on. ${server.problem}`);
}

async function administer(serverUrl: string, sql: string): Promise<void> {
  const url = new URL(serverUrl);
  url.pathname = '/';
  const connection = await createConnection({ uri: url.href, multipleStatements: true });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { createConnection } from 'mysql2/promise';
import { afterAll, describe, inject } from 'vitest';

import type { DatabaseLocation } from '../../src/config/types.ts';
import { openDatabase } from '../../src/database/connection.ts';
import type { Connection } from '../../src/database/connection.ts';
import { migrateUp } from '../../src/database/migrations.ts';
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

/** A database without tables. */
export function emptyDatabase(dialect: Dialect): Promise<TestDatabase> {
  return dialect === 'sqlite' ? sqliteDatabase() : mysqlDatabase(mysqlUrl());
}

/** A database with the current schema. */
export async function freshDatabase(dialect: Dialect): Promise<TestDatabase> {
  const database = await emptyDatabase(dialect);
  await migrateUp(database.db);
  return database;
}

/** A new database, without tables, on a MySQL or MariaDB server at `serverUrl`. */
export async function mysqlDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `pairwise_${randomBytes(8).toString('hex')}`;
  await administer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return testDatabase({ dialect: 'mysql', url: url.href }, () =>
    administer(serverUrl, `drop database ${name}`),
  );
}

async function sqliteDatabase(): Promise<TestDatabase> {
  const folder = await scratchFolder('pairwise-');
  return testDatabase({ dialect: 'sqlite', file: join(folder, 'pairwise.sqlite') }, () =>
    rm(folder, { recursive: true, force: true }),
  );
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

function mysqlUrl(): string {
  const server = inject('mysqlServer');
  if ('url' in server) return server.url;
  throw new Error(`There is no MySQL or MariaDB server to test on. ${server.problem}`);
}

async function administer(serverUrl: string, sql: string): Promise<void> {
  const url = new URL(serverUrl);
  url.pathname = '/';
  const connection = await createConnection(url.href);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

import type { TestProject } from 'vitest/node';

import { makeKeys } from './key-pool.ts';
import type { MadeKeys } from './key-pool.ts';
import { startMariadb } from './mariadb.ts';
import { migratedMysql, migratedSqlite } from './migrated.ts';

/**
 * Where the MySQL side of the tests runs, with the statements that make the current
 * schema there; or why it cannot.
 */
export type MysqlServer =
  { readonly url: string; readonly schema: string } | { readonly problem: string };

declare module 'vitest' {
  interface ProvidedContext {
    mysqlServer: MysqlServer;
    /** A SQLite file with the current schema. */
    sqliteTemplate: string;
    /** Key pairs that take long to make. */
    keys: MadeKeys;
  }
}

/**
 * One private MariaDB server for a whole run of the tests, or the server that
 * TEST_DATABASE_URL names. Without either the tests that need one fail. The
 * migrations run once for all tests, in each dialect.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const sqlite = await migratedSqlite();
  project.provide('sqliteTemplate', sqlite.file);
  const mysql = await mysqlServer();
  project.provide('mysqlServer', mysql.server);
  project.provide('keys', await makeKeys());
  return async () => {
    await sqlite.close();
    await mysql.close();
  };
}

async function mysqlServer(): Promise<{ server: MysqlServer; close: () => Promise<void> }> {
  const given = process.env['TEST_DATABASE_URL'] ?? '';
  let close = async (): Promise<void> => {};
  try {
    let url = given;
    if (url === '') ({ url, close } = await startMariadb());
    return { server: { url, schema: await migratedMysql(url) }, close };
  } catch (error) {
    return { server: { problem: String(error) }, close };
  }
}

import type { TestProject } from 'vitest/node';

import { startMariadb } from './mariadb.ts';

/** Where the MySQL side of the tests runs, or why it cannot. */
export type MysqlServer = { readonly url: string } | { readonly problem: string };

declare module 'vitest' {
  interface ProvidedContext {
    mysqlServer: MysqlServer;
  }
}

/**
 * One private MariaDB server for a whole run of the tests, or the server that
 * TEST_DATABASE_URL names. Without either the tests that need one fail.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given !== undefined && given !== '') {
    project.provide('mysqlServer', { url: given });
    return async () => {};
  }
  try {
    const server = await startMariadb();
    project.provide('mysqlServer', { url: server.url });
    return () => server.close();
  } catch (error) {
    project.provide('mysqlServer', { problem: String(error) });
    return async () => {};
  }
}

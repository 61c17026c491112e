/** The dialect clients of knex have no types of their own; these are the members we build on. */
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import { Knex } from 'knex';

  export default class BetterSqlite3Client extends Knex.Client {
    _driver(): unknown;
    _query(connection: unknown, query: unknown): Promise<unknown>;
    _formatBindings(bindings: unknown): unknown[];
  }
}

declare module 'knex/lib/dialects/mysql2/index.js' {
  import { Knex } from 'knex';

  export default class Mysql2Client extends Knex.Client {
    _query(connection: unknown, query: unknown): Promise<unknown>;
  }
}

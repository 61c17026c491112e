import Mysql2Client from 'knex/lib/dialects/mysql2/index.js';

import { asBuffer } from './bytes.ts';

interface Query {
  readonly sql?: string;
  readonly method?: string;
  options?: Record<string, unknown>;
  response?: unknown;
}

interface RawConnection {
  __knex__disposed?: unknown;
  destroy(): void;
  execute(
    statement: { sql: string; values: unknown; timeout: number },
    done: (error: Error | null, rows?: unknown) => void,
  ): void;
}

/** Milliseconds after which a row operation is given up: the other side has gone silent. */
const QUERY_TIMEOUT = 10_000;
const ROW_METHODS: ReadonlySet<unknown> = new Set([
  'select',
  'first',
  'pluck',
  'insert',
  'update',
  'del',
  'counter',
]);
const TRANSACTION_CONTROL = /^(BEGIN|COMMIT|ROLLBACK)\b/;

/**
 * knex's mysql2 dialect with three habits: a server that has gone silent is
 * noticed, a `Uint8Array` may be bound, and an error never carries a row's
 * values into a log.
 */
export class MysqlClient extends Mysql2Client {
  override prepBindings(bindings: unknown): unknown {
    if (!Array.isArray(bindings)) return bindings;
    return bindings.map((value: unknown) =>
      value instanceof Uint8Array ? asBuffer(value) : value,
    );
  }

  override async _query(connection: RawConnection, query: Query | string): Promise<unknown> {
    const timed = typeof query === 'string' ? { sql: query } : query;
    if (isBounded(timed)) timed.options = { timeout: QUERY_TIMEOUT, ...timed.options };
    try {
      if (timed.options?.['prepared'] !== undefined) return await execute(connection, timed);
      return await super._query(connection, timed);
    } catch (error) {
      if (isSilence(error)) {
        // Its late answer would be taken for the next query's.
        connection.__knex__disposed = error;
        connection.destroy();
      }
      throw withoutValues(error);
    }
  }
}

/** Runs a statement of prepared.ts; each connection prepares each text once. */
async function execute(connection: RawConnection, query: Query): Promise<Query> {
  const { sql = '', options } = query;
  const statement = { sql, values: options?.['prepared'], timeout: QUERY_TIMEOUT };
  query.response = await new Promise((resolve, reject) => {
    // The driver's own limit begins behind the preparing.
    const unprepared = setTimeout(() => {
      const code = 'PROTOCOL_SEQUENCE_TIMEOUT';
      reject(Object.assign(new Error('The server does not answer'), { code }));
    }, 2 * QUERY_TIMEOUT);
    connection.execute(statement, (error, rows) => {
      clearTimeout(unprepared);
      if (error) reject(error);
      else resolve(rows);
    });
  });
  return query;
}

function isBounded({ sql, method }: Query): boolean {
  return ROW_METHODS.has(method) || TRANSACTION_CONTROL.test(sql ?? '');
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'PROTOCOL_SEQUENCE_TIMEOUT';
}

/** The driver puts the statement with its values, and the server puts a value, into the error. */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error) || !('sqlMessage' in error)) return error;
  const { code, errno } = error as { code?: string; errno?: number };
  const key = / for key '([^']+)'$/.exec(error.message)?.[1];
  const said = key === undefined ? '' : ` for key ${key}`;
  const holdsValue = errno === 1062 || errno === 1292 || errno === 1366;
  if (holdsValue) error.message = `${code ?? 'error'} (${errno})${said}`;
  return Object.assign(error, { sql: undefined, sqlMessage: undefined });
}

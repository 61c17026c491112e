import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { lastChange } from '../../../src/database/changes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { migrateUp, schemaState } from '../../../src/database/migrations.ts';
import { spend } from '../../../src/database/spent.ts';
import { mysqlDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { startMariadb } from '../../support/mariadb.ts';
import type { MariadbServer } from '../../support/mariadb.ts';

const unavailable = { reason: 'database_unavailable' };

describe('a MariaDB server that goes away and comes back', () => {
  let server: MariadbServer;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await startMariadb();
    database = await mysqlDatabase(server.url);
    await migrateUp(database.db);
  });

  afterAll(async () => {
    await database.close();
    await server.close();
  });

  const use = (value: string): Promise<boolean> =>
    inTransaction(database.db, (trx) =>
      spend(trx, { purpose: 'code', value: bytes(value), expiresAt: new Date(1) }),
    );

  test('is refused with while it is away, and used again when it is back, without a restart', async () => {
    expect(await use('before')).toBe(true);
    await server.stop();
    await expect(use('during')).rejects.toMatchObject(unavailable);
    await expect(lastChange(database.db)).rejects.toMatchObject(unavailable);
    await expect(schemaState(database.db)).rejects.toMatchObject(unavailable);
    await server.start();
    expect(await use('during')).toBe(true);
    expect(await use('before')).toBe(false);
  });

  test('a transaction that it took down leaves nothing, and its pool is usable afterwards', async () => {
    const cut = inTransaction(database.db, async (trx) => {
      await spend(trx, { purpose: 'code', value: bytes('cut'), expiresAt: new Date(1) });
      await server.stop();
      await spend(trx, { purpose: 'code', value: bytes('more'), expiresAt: new Date(1) });
    });
    await expect(cut).rejects.toMatchObject(unavailable);
    await server.start();
    const values = ['cut', 'more', ...Array.from({ length: 20 }, (_, n) => `${n}`)];
    expect(await Promise.all(values.map(use))).toEqual(values.map(() => true));
  });

  test('a session is strict and READ COMMITTED, whatever the server’s defaults are', async () => {
    const [[session]] = await database.db.raw(
      "select @@sql_mode as mode, (select variable_value from information_schema.session_variables where variable_name = 'TX_ISOLATION') as isolation",
    );
    expect(session.mode).toContain('STRICT_ALL_TABLES');
    expect(session.isolation).toBe('READ-COMMITTED');
    const row = { purpose: 'code', hash: Buffer.alloc(33), expires_at: 1 };
    const long = database.db('spent').insert(row);
    await expect(long).rejects.toMatchObject({ errno: 1406 });
  });
});

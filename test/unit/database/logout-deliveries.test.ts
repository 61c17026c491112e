import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { dueDeliveries, insertDelivery } from '../../../src/database/logout-deliveries.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';

describe.each(['sqlite', 'mysql'] as const)('logout tokens on their way, on %s', (dialect) => {
  const atRest = new AtRest(randomBytes(32));
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase(dialect);
  });
  afterAll(() => database.close());

  /*
   * A vendor whose address never answers has many of them, and more with each logout:
   * those of other vendors, noted later, must not wait for all of it to time out.
   */
  test('of one vendor do not wait behind the many of another', async () => {
    const { db } = database;
    const at = (second: number) => new Date(1_800_000_000_000 + second * 1000);
    const times = (second: number) => ({ now: at(second), expiresAt: at(3600) });
    await inTransaction(db, async (trx) => {
      for (let n = 0; n < 10; n += 1) {
        const delivery = { clientId: 'silent-web', sub: `user-${n}`, sid: undefined };
        await insertDelivery(trx, atRest, delivery, times(n));
      }
      const delivery = { clientId: 'acme-web', sub: 'somebody', sid: undefined };
      await insertDelivery(trx, atRest, delivery, times(20));
    });
    const due = await dueDeliveries(db, atRest, at(30), 3);
    expect(due.deliveries.map(({ clientId, sub }) => [clientId, sub])).toEqual([
      ['silent-web', 'user-0'],
      ['acme-web', 'somebody'],
      ['silent-web', 'user-1'],
    ]);
    expect((await dueDeliveries(db, atRest, at(5), 50)).deliveries).toHaveLength(6);
    expect((await dueDeliveries(db, atRest, at(3600), 50)).deliveries).toEqual([]);
  });
});

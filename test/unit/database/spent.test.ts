import { expect, test } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { findSpent, purgeSpent, spend } from '../../../src/database/spent.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const expiresAt = new Date(2_000);
const code = { purpose: 'code', value: bytes('c1'), expiresAt, grantId: 'g1' };

const use = (db: Connection, oneTime = code): Promise<boolean> =>
  inTransaction(db, (trx) => spend(trx, oneTime));

describeOnEachDialect('one-time values', (open) => {
  test('of many uses at once, in several replicas, exactly one succeeds', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect()];
    const uses = await Promise.all(
      Array.from({ length: 30 }, (_, n) => use(replicas[n % 3] ?? database.db)),
    );
    expect(uses.filter(Boolean)).toHaveLength(1);
  });

  test('the same bytes for another purpose are another value', async () => {
    const { db } = await open.fresh();
    expect(await use(db)).toBe(true);
    expect(await use(db, { ...code, purpose: 'jti' })).toBe(true);
    expect(await use(db, { ...code, value: bytes('C1') })).toBe(true);
    expect(await use(db, { ...code, value: bytes('c1 ') })).toBe(true);
    expect(await use(db)).toBe(false);
  });

  test('a second use finds the grant that the first yielded', async () => {
    const { db } = await open.fresh();
    expect(await findSpent(db, 'code', code.value)).toBeUndefined();
    await use(db);
    await inTransaction(db, (trx) => spend(trx, { purpose: 'jti', value: bytes('j'), expiresAt }));
    expect(await findSpent(db, 'code', code.value)).toEqual({ grantId: 'g1' });
    expect(await findSpent(db, 'jti', bytes('j'))).toEqual({ grantId: undefined });
  });

  test('a use whose transaction fails did not happen', async () => {
    const { db } = await open.fresh();
    const failing = inTransaction(db, async (trx) => {
      await spend(trx, code);
      throw new Error('later step');
    });
    await expect(failing).rejects.toThrow('later step');
    expect(await use(db)).toBe(true);
  });

  test('a transaction that finds a value used goes on and can be committed', async () => {
    const { db } = await open.fresh();
    await use(db);
    await inTransaction(db, async (trx) => {
      expect(await spend(trx, code)).toBe(false);
      expect(await spend(trx, { ...code, value: bytes('c2') })).toBe(true);
    });
    expect(await findSpent(db, 'code', bytes('c2'))).toBeDefined();
  });

  test('only the hash is stored', async () => {
    const { db } = await open.fresh();
    await use(db, { ...code, value: bytes('a-code-to-look-for') });
    const row = await db('spent').first();
    expect(JSON.stringify(row)).not.toContain(bytes('a-code-to-look-for').toString('hex'));
    expect(row.hash).toHaveLength(32);
  });

  test('expired values are forgotten, however many, and the others kept', async () => {
    const { db } = await open.fresh();
    await inTransaction(db, async (trx) => {
      for (let n = 0; n < 2_500; n += 1) {
        await spend(trx, { purpose: 'code', value: bytes(`${n}`), expiresAt: new Date(n % 7) });
      }
      await spend(trx, code);
    });
    expect(await purgeSpent(db, new Date(1_000))).toBe(2_500);
    expect(await purgeSpent(db, new Date(1_999))).toBe(0);
    expect(await use(db)).toBe(false);
    expect(await purgeSpent(db, expiresAt)).toBe(1);
  });
});

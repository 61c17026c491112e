import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import {
  inTransaction,
  isUnavailable,
  isUniqueViolation,
  openDatabase,
} from '../../../src/database/connection.ts';
import { readChanges } from '../../../src/database/changes.ts';
import { Refusal } from '../../../src/errors.ts';
import { fillEveryTable } from '../../migrations/rows.ts';
import { describeOnEachDialect, freshDatabase } from '../../support/database.ts';

const vendor = (id: string): Record<string, unknown> => ({
  id: bytes(id),
  name: 'n',
  contacts: '[]',
  one_sector: false,
  allowed_subject_types: '[]',
  created_at: 1,
  updated_at: 1,
});

describeOnEachDialect('the database', (open) => {
  test('identifiers are told apart to the byte: case, trailing space, accents, order', async () => {
    const { db } = await open.fresh();
    const ids = ['bob', 'Bob', 'bob ', 'bob\0', 'böb', 'bo\u0308b', 'bob\u00a0'];
    for (const id of ids) await db('vendors').insert(vendor(id));
    for (const id of ids) {
      expect(await db('vendors').where({ id: bytes(id) })).toHaveLength(1);
    }
  });

  test('binary values come back as the Buffer they were, also bound as Uint8Array', async () => {
    const { db } = await open.fresh();
    const value = new Uint8Array([0, 255, 39, 92, 0, 10]);
    await db('vendors').insert({ ...vendor('x'), id: value });
    const row = await db('vendors').where({ id: value }).first();
    expect(Buffer.isBuffer(row.id)).toBe(true);
    expect(row.id).toEqual(Buffer.from(value));
  });

  test('numbers up to the safe limit, and text of every plane, come back unchanged', async () => {
    const { db } = await open.fresh();
    const name = 'Straße 東京 🎓 \\ \' "';
    await db('vendors').insert({
      ...vendor('x'),
      name,
      created_at: Number.MAX_SAFE_INTEGER,
    });
    expect(await db('vendors').first('name', 'created_at')).toEqual({
      name,
      created_at: Number.MAX_SAFE_INTEGER,
    });
  });

  test('a duplicate is a unique violation, by primary and by unique key; nothing else is', async () => {
    const { db } = await open.fresh();
    await fillEveryTable(db);
    const failure = (write: PromiseLike<unknown>): Promise<unknown> =>
      Promise.resolve(write).then(
        () => undefined,
        (error: unknown) => error,
      );
    const pseudonym = await db('pseudonyms').first();
    const byPrimary = await failure(db('vendors').insert(vendor('acme')));
    const byUnique = await failure(
      db('pseudonyms').insert({ ...pseudonym, user_index: randomBytes(32) }),
    );
    const byForeign = await failure(
      db('sectors').insert({ sector: bytes('s'), vendor_id: bytes('nobody'), created_at: 1 }),
    );
    const byNull = await failure(db('vendors').insert({ ...vendor('v'), name: null }));
    expect([byPrimary, byUnique].map(isUniqueViolation)).toEqual([true, true]);
    expect(byForeign).toBeInstanceOf(Error);
    expect(byNull).toBeInstanceOf(Error);
    expect([byForeign, byNull].map(isUniqueViolation)).toEqual([false, false]);
    expect([byPrimary, byUnique, byForeign, byNull].map(isUnavailable)).not.toContain(true);
  });

  test('an error carries no value of the row into a log', async () => {
    const { db } = await open.fresh();
    await db('vendors').insert(vendor('value-of-the-row'));
    const error = await db('vendors')
      .insert(vendor('value-of-the-row'))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error);
    expect(shown).not.toContain('value-of-the-row');
    expect(shown).not.toContain(bytes('value-of-the-row').toString('hex'));
  });

  test('a connection that waits for another’s transaction does not hold up this process', async () => {
    const database = await open.fresh();
    const other = database.connect();
    await database.db('vendors').insert(vendor('x'));
    let waited = false;
    const held = inTransaction(database.db, async (trx) => {
      await trx('vendors')
        .where({ id: bytes('x') })
        .update({ name: 'first' });
      await sleep(100);
      expect(waited).toBe(false);
    });
    await sleep(20);
    const second = inTransaction(other, async (trx) => {
      await trx('vendors')
        .where({ id: bytes('x') })
        .update({ name: 'second' });
      waited = true;
    });
    await Promise.all([held, second]);
    expect(await other('vendors').first('name')).toEqual({ name: 'second' });
  });

  test('transactions that read and then write at once all get their turn', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect()];
    await database.db('vendors').insert({ ...vendor('x'), updated_at: 0 });
    await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        inTransaction(replicas[n % 3] ?? database.db, async (trx) => {
          const row = await trx('vendors').forUpdate().first('updated_at');
          await trx('vendors').update({ updated_at: row.updated_at + 1 });
        }),
      ),
    );
    expect(await database.db('vendors').first('updated_at')).toEqual({ updated_at: 24 });
  });

  test('after a failed transaction nothing of it is there, and the next one runs', async () => {
    const { db } = await open.fresh();
    const failing = inTransaction(db, async (trx) => {
      await trx('vendors').insert(vendor('x'));
      throw new Refusal('code_replayed');
    });
    await expect(failing).rejects.toMatchObject({ reason: 'code_replayed' });
    expect(await db('vendors').first()).toBeUndefined();
    await inTransaction(db, (trx) => trx('vendors').insert(vendor('x')));
  });
});

describe('a deadlock', () => {
  test('on MariaDB is a real one (1213), and the whole transaction runs again', async () => {
    const { db, close } = await freshDatabase('mysql');
    try {
      for (const id of ['a', 'b']) await db('vendors').insert({ ...vendor(id), updated_at: 0 });
      const touch = (trx: typeof db, id: string): PromiseLike<number> =>
        trx('vendors')
          .where({ id: bytes(id) })
          .increment('updated_at', 1);
      const errors: unknown[] = [];
      db.on('query-error', (error: { errno?: number }) => errors.push(error.errno));
      let attempts = 0;
      const both = (first: string, second: string): Promise<void> =>
        inTransaction(db, async (trx) => {
          attempts += 1;
          await touch(trx, first);
          await sleep(100);
          await touch(trx, second);
        });
      await Promise.all([both('a', 'b'), both('b', 'a')]);
      expect(errors).toContain(1213);
      expect(attempts).toBeGreaterThan(2);
      expect(await db('vendors').pluck('updated_at')).toEqual([2, 2]);
    } finally {
      await close();
    }
  });
});

describe('a database that is away', () => {
  test('is Refusal(database_unavailable), and nothing is connected before the first query', async () => {
    const db = openDatabase({ dialect: 'mysql', url: 'mysql://u:p@127.0.0.1:1/none' });
    const work = inTransaction(db, (trx) => trx('vendors').first());
    await expect(work).rejects.toMatchObject({ reason: 'database_unavailable' });
    await expect(readChanges(db, 0)).rejects.toMatchObject({ reason: 'database_unavailable' });
    await db.destroy();
  });

  test('a SQLite file in a place that cannot be is the same refusal', async () => {
    const db = openDatabase({ dialect: 'sqlite', file: '/dev/null/pairwise.sqlite' });
    const work = inTransaction(db, (trx) => trx('vendors').first());
    await expect(work).rejects.toMatchObject({ reason: 'database_unavailable' });
    await db.destroy();
  });
});

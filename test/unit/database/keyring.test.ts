import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { createConnection } from 'mysql2/promise';
import { expect, test } from 'vitest';

import { AtRest, AtRestError } from '../../../src/database/at-rest.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { loadKeyring, MasterKeyError, rewrapKeyring } from '../../../src/database/keyring.ts';
import { describeOnEachDialect, freshDatabase } from '../../support/database.ts';
import { fillEveryTable } from '../../migrations/rows.ts';

const masterKey = randomBytes(32);
const keys = { masterKey, masterKeyPrevious: undefined };

describeOnEachDialect('the keyring', (open) => {
  test('replicas that start at once on a new database get the same roots', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect(), database.connect()];
    const [first, ...others] = await Promise.all(replicas.map((db) => loadKeyring(db, keys)));
    for (const other of others) expect(other).toEqual(first);
    expect(await loadKeyring(database.db, keys)).toEqual(first);
  });

  test('every root is 32 bytes of its own, and none stands in the database in the clear', async () => {
    const { db } = await open.fresh();
    const roots = Object.values(await loadKeyring(db, keys)).map((root) =>
      Buffer.from(root).toString('hex'),
    );
    expect(new Set(roots).size).toBe(5);
    const stored = (await db('roots').select('wrapped')).map(({ wrapped }) =>
      wrapped.toString('hex'),
    );
    for (const root of roots) {
      expect(root).toHaveLength(64);
      expect(stored.some((wrapped) => wrapped.includes(root))).toBe(false);
    }
  });

  test('a wrong MASTER_KEY is an error that names the variable, and changes nothing', async () => {
    const { db } = await open.fresh();
    await loadKeyring(db, keys);
    const before = await db('roots').select('*').orderBy('name');
    const wrong = { masterKey: randomBytes(32), masterKeyPrevious: undefined };
    await expect(loadKeyring(db, wrong)).rejects.toThrow(MasterKeyError);
    await expect(loadKeyring(db, wrong)).rejects.toThrow(/MASTER_KEY_PREVIOUS/);
    await expect(loadKeyring(db, { ...wrong, masterKeyPrevious: randomBytes(32) })).rejects.toThrow(
      /Neither MASTER_KEY nor MASTER_KEY_PREVIOUS/,
    );
    const rewrap = inTransaction(db, (trx) => rewrapKeyring(trx, wrong));
    await expect(rewrap).rejects.toThrow(MasterKeyError);
    expect(await db('roots').select('*').orderBy('name')).toEqual(before);
  });

  test('MASTER_KEY_PREVIOUS opens too, and wrapping anew frees from it, as often as one likes', async () => {
    const { db } = await open.fresh();
    const roots = await loadKeyring(db, keys);
    const next = { masterKey: randomBytes(48), masterKeyPrevious: masterKey };
    expect(await loadKeyring(db, next)).toEqual(roots);
    const rewrap = () => inTransaction(db, (trx) => rewrapKeyring(trx, next));
    expect(await rewrap()).toBe(5);
    expect(await rewrap()).toBe(0);
    expect(await loadKeyring(db, { ...next, masterKeyPrevious: undefined })).toEqual(roots);
    await expect(loadKeyring(db, keys)).rejects.toThrow(MasterKeyError);
  });

  test('a wrapped root put in another root’s place does not open', async () => {
    const { db } = await open.fresh();
    await loadKeyring(db, keys);
    const [first, second] = await db('roots').select('*').orderBy('name');
    await db('roots').where({ name: first.name }).update({ wrapped: second.wrapped });
    await expect(loadKeyring(db, keys)).rejects.toThrow(MasterKeyError);
  });

  test('lost roots beside data that needs them are an error and are not made anew', async () => {
    const { db } = await open.fresh();
    await loadKeyring(db, keys);
    await fillEveryTable(db, { except: ['roots'] });
    await db('roots').del();
    await expect(loadKeyring(db, keys)).rejects.toThrow(/backup/);
    expect(await db('roots').first()).toBeUndefined();
  });

  test('a value sealed for one row does not open for another row or column', async () => {
    const { storage } = await loadKeyring((await open.fresh()).db, keys);
    const atRest = new AtRest(storage);
    const place = { table: 'clients', column: 'client_secret', row: 'acme-web' };
    const sealed = atRest.seal(place, Buffer.from('secret'));
    expect(atRest.open(place, sealed).toString()).toBe('secret');
    for (const other of [
      { ...place, row: 'other-web' },
      { ...place, column: 'upstream_client_secret' },
      { ...place, table: 'vendors' },
    ]) {
      expect(() => atRest.open(other, sealed)).toThrow(AtRestError);
    }
  });
});

test('a replica that is done in the midst of our start is no reason to refuse ours', async () => {
  const [other, database] = [await freshDatabase('mysql'), await freshDatabase('mysql')];
  const roots = await loadKeyring(other.db, keys);
  await fillEveryTable(other.db, { except: ['roots'] });
  const { location } = database;
  const holder = await createConnection('url' in location ? location.url : '');
  await holder.query('lock tables salts write');
  const ours = loadKeyring(database.db, keys);
  const isWaiting = async (): Promise<boolean> => {
    const [rows] = await holder.query(
      `select 1 from information_schema.processlist
        where db = database() and state like 'Waiting for table%'`,
    );
    return Array.isArray(rows) && rows.length > 0;
  };
  while (!(await isWaiting())) await sleep(20);
  // What the other replica writes, in its order.
  const beside = database.connect();
  for (const row of await other.db('roots').select('*')) await beside('roots').insert(row);
  const [salt] = await other.db('salts').select('*');
  await holder.query('insert into salts set ?', salt);
  await holder.query('unlock tables');
  expect(await ours).toEqual(roots);
  await holder.end();
  await Promise.all([other.close(), database.close()]);
});

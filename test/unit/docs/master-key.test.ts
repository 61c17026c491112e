import { randomBytes } from 'node:crypto';

import { afterAll, expect, test } from 'vitest';

import { AtRest, AtRestError } from '../../../src/database/at-rest.ts';
import { loadKeyring, MasterKeyError } from '../../../src/database/keyring.ts';
import { findLocalSubject, listGenerations } from '../../../src/subjects/store.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { clientIn, startReplica } from '../subjects/replica.ts';

/*
 * What the README says of a lost MASTER_KEY: what is gone, and what comes back
 * with PAIRWISE_SALT. The key only wraps random roots, so that another database
 * has other roots, whatever its master key is.
 */

const SECTOR = 'acme.example';
const opened: TestDatabase[] = [];
const fresh = async (): Promise<TestDatabase> => {
  const database = await freshDatabase('sqlite');
  opened.push(database);
  return database;
};
afterAll(() => Promise.all(opened.map((database) => database.close())));

async function subjectIn(
  database: TestDatabase,
  algorithm: 'hmac-sha256' | 'oidc-sha256' | 'random',
) {
  const replica = await startReplica(database, { algorithm });
  return replica.subjectOf(replica.register(clientIn(SECTOR)), 'alice');
}

test.each(['hmac-sha256', 'oidc-sha256'] as const)(
  'a new database with the same salt gives each user the same sub again (%s)',
  async (algorithm) => {
    expect(await subjectIn(await fresh(), algorithm)).toBe(
      await subjectIn(await fresh(), algorithm),
    );
  },
);

test('with random pseudonyms it gives another one', async () => {
  expect(await subjectIn(await fresh(), 'random')).not.toBe(
    await subjectIn(await fresh(), 'random'),
  );
});

test('without the key the old database shows pseudonyms, and neither users nor who they are', async () => {
  const database = await fresh();
  const sub = await subjectIn(database, 'hmac-sha256');
  const { db } = database;
  const lost = { masterKey: randomBytes(32), masterKeyPrevious: undefined };
  await expect(loadKeyring(db, lost)).rejects.toThrow(MasterKeyError);

  const rows = await db('pseudonyms').select<{ sub: Buffer; user_index: Buffer }[]>('*');
  expect(rows.map((row) => row.sub.toString())).toEqual([sub]);
  expect(JSON.stringify(rows)).not.toContain('alice');
  const userIndex = rows[0]?.user_index ?? Buffer.alloc(0);
  expect(await listGenerations(db, { sector: SECTOR, userIndex })).toHaveLength(1);
  const guessed = new AtRest(randomBytes(32));
  await expect(findLocalSubject(db, guessed, SECTOR, sub, new Date())).rejects.toThrow(AtRestError);
});

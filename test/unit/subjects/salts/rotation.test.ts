import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inTransaction } from '../../../../src/database/connection.ts';
import {
  destroySalt,
  insertNextSalt,
  isStillUsed,
  listSalts,
  newestSalt,
} from '../../../../src/subjects/salts/rotation.ts';
import type { TestDatabase } from '../../../support/database.ts';
import { freshDatabase } from '../../../support/database.ts';
import { NOW, startReplica } from '../replica.ts';
import type { Replica } from '../replica.ts';

let database: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
  expect(await newestSalt(database.db)).toBe(0);
  replica = await startReplica(database, { algorithm: 'oidc-sha256' });
});
afterAll(() => database.close());

describe('another version of a salt that is text', () => {
  it('is text too, and the version before is retired', async () => {
    const { db } = database;
    const next = { version: 2, algorithm: 'oidc-sha256', at: NOW, destroyAfter: NOW } as const;
    await inTransaction(db, (trx) => insertNextSalt(trx, replica.atRest, next));
    const { version, value } = await replica.salts.currentSalt(db);
    expect(version).toBe(2);
    expect(Buffer.from(value).toString('utf8')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await listSalts(db)).toMatchObject([
      { version: 1, state: 'retired', pseudonyms: 0, retiredAt: NOW, destroyAfter: NOW },
      { version: 2, state: 'active', pseudonyms: 0, retiredAt: undefined },
    ]);
  });
});

describe('a version that is not there', () => {
  it('is in use by nobody, and is not destroyed', async () => {
    const { db } = database;
    expect(await inTransaction(db, (trx) => isStillUsed(trx, 9))).toBe(false);
    expect(await inTransaction(db, (trx) => destroySalt(trx, replica.atRest, 9))).toBe(false);
  });
});

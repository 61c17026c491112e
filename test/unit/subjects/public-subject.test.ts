import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { userIndex } from '../../../src/database/blind-index.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { noteFormerNames } from '../../../src/subjects/former-names.ts';
import { insertPseudonym } from '../../../src/subjects/store.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { clientIn, NOW, startReplica } from './replica.ts';
import type { Replica } from './replica.ts';

const HOUR = 3_600_000;
const inHours = (hours: number): Date => new Date(NOW.getTime() + hours * HOUR);

let database: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
  replica = await startReplica(database);
});
afterAll(() => database.close());

async function give(sector: string, localSubject: string, sub: string): Promise<void> {
  const user = { sector, userIndex: userIndex(replica.keyring.index, sector, localSubject) };
  await inTransaction(database.db, (trx) =>
    insertPseudonym(trx, replica.atRest, {
      ...{ ...user, localSubject, sub, generation: 1, saltVersion: 0 },
      ...{ algorithm: 'imported', createdAt: NOW },
    }),
  );
}

async function rename(from: string, to: string, graceUntil: Date): Promise<void> {
  const keys = { atRest: replica.atRest, indexRoot: replica.keyring.index };
  const times = { graceUntil, expiresAt: inHours(99) };
  await inTransaction(database.db, (trx) =>
    noteFormerNames(trx, keys, [{ from, to }], new Map(), times),
  );
}

const publicLogin = (sector: string, localSubject: string) =>
  replica.login(replica.register(clientIn(sector, 'public')), localSubject);

describe('a public subject that is a pseudonym of the sector', () => {
  const refused = { ok: false, reason: 'subject_collision' };

  it('is released to the user whose own pseudonym it is', async () => {
    await give('own.example', 'alice', 'alice');
    expect(await publicLogin('own.example', 'alice')).toMatchObject({
      value: { subject: 'alice' },
    });
  });

  it('is released where it is the user’s own under the name of today, while the former one stands', async () => {
    await give('former.example', 'anna-new', 'anna');
    await rename('anna', 'anna-new', inHours(1));
    expect(await publicLogin('former.example', 'anna')).toMatchObject({
      value: { subject: 'anna' },
    });
  });

  it('is refused when the former name stands no more: whoever bears it is somebody else', async () => {
    await give('past.example', 'bea-new', 'bea');
    await rename('bea', 'bea-new', inHours(-1));
    expect(await publicLogin('past.example', 'bea')).toMatchObject(refused);
  });

  it('is refused to a renamed user where it is another’s', async () => {
    await give('other.example', 'bob', 'carol');
    await rename('carol', 'carol-new', inHours(1));
    expect(await publicLogin('other.example', 'carol')).toMatchObject(refused);
  });
});

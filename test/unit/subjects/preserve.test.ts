import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { userIndex } from '../../../src/database/blind-index.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { insertPseudonym } from '../../../src/subjects/store.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { clientIn, NOW, startReplica } from './replica.ts';
import type { Replica } from './replica.ts';

let database: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
  replica = await startReplica(database);
});
afterAll(() => database.close());

function preserving(client: Client): Client {
  return { ...client, metadata: { ...client.metadata, migration: { mode: 'preserve' } } };
}

/** A client that was given the original subjects of some users, and preserves them now. */
async function preservesFor(sector: string, ...given: readonly string[]): Promise<Client> {
  const before = replica.register(clientIn(sector, 'public'));
  for (const user of given) expect(await replica.subjectOf(before, user)).toBe(user);
  return replica.register(preserving(clientIn(sector)));
}

const rowsOf = (sector: string, user: string) => replica.subjects.list(user, [sector]);

describe('a login at a client that preserves', () => {
  it('keeps the original subject of a user whom the vendor has, at every login', async () => {
    const client = await preservesFor('kept.example', 'alice');
    expect(await replica.subjectOf(client, 'alice')).toBe('alice');
    expect(await replica.subjectOf(client, 'alice')).toBe('alice');
    expect(await rowsOf('kept.example', 'alice')).toMatchObject([
      { generation: 1, algorithm: 'preserved', sub: 'alice' },
    ]);
  });

  it('gives a new user a pseudonym that leads to nobody', async () => {
    const client = await preservesFor('new.example', 'alice');
    expect(await replica.subjectOf(client, 'bob')).toMatch(/^[a-z2-7]{52}$/);
  });

  it('keeps nothing at another vendor, which never had the user', async () => {
    await preservesFor('one.example', 'alice');
    const other = await preservesFor('other.example');
    expect(await replica.subjectOf(other, 'alice')).toMatch(/^[a-z2-7]{52}$/);
  });

  it('leaves a user the pseudonym that they have already', async () => {
    const pairwise = replica.register(clientIn('had.example'));
    const before = await replica.subjectOf(pairwise, 'alice');
    const client = await preservesFor('had.example', 'alice');
    expect(await replica.subjectOf(client, 'alice')).toBe(before);
  });

  it('keeps no original subject that is the pseudonym of another user', async () => {
    const sector = 'taken.example';
    const client = await preservesFor(sector, 'alice');
    await inTransaction(database.db, (trx) =>
      insertPseudonym(trx, replica.atRest, {
        ...{ sector, generation: 1, sub: 'alice', localSubject: 'mallory' },
        userIndex: userIndex(replica.keyring.index, sector, 'mallory'),
        ...{ saltVersion: 0, algorithm: 'imported', createdAt: NOW },
      }),
    );
    expect(await replica.subjectOf(client, 'alice')).toMatch(/^[a-z2-7]{52}$/);
  });
});

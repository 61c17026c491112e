import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inTransaction } from '../../../src/database/connection.ts';
import { importBatch, prepareBatch } from '../../../src/subjects/import.ts';
import type { ImportRow, ImportSettings } from '../../../src/subjects/import.ts';
import { insertPseudonym, PseudonymTaken } from '../../../src/subjects/store.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { NOW, startReplica } from './replica.ts';
import type { Replica } from './replica.ts';

let database: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
  replica = await startReplica(database);
});
afterAll(() => database.close());

const settingsFor = (sector: string, changes: Partial<ImportSettings> = {}) => ({
  ...{ sector, given: false, mayPreserve: false, at: NOW, ...changes },
});

const derive = (localSubject: string) =>
  ({ sub: `made-of-${localSubject}`, saltVersion: 1, algorithm: 'hmac-sha256' }) as const;

function importer() {
  const { atRest, keyring } = replica;
  return { atRest, indexRoot: keyring.index, tombstoneRoot: keyring.tombstone };
}

function rowsOf(...users: readonly (readonly [string, (string | undefined)?])[]): ImportRow[] {
  return users.map(([localSubject, sub], place) => ({ line: place + 1, localSubject, sub }));
}

function write(
  settings: ImportSettings,
  ...users: readonly (readonly [string, (string | undefined)?])[]
) {
  const batch = prepareBatch(importer(), settings, rowsOf(...users), derive);
  return inTransaction(database.db, (trx) => importBatch(trx, importer(), settings, batch, true));
}

const subOf = async (sector: string, user: string) =>
  (await replica.subjects.list(user, [sector])).map(({ sub, generation }) => [generation, sub]);

describe('a row that can be nobody’s', () => {
  it.each([
    ['', 'x', /^local_subject is not text/],
    ['x'.repeat(256), undefined, /^local_subject is not text/],
    ['alice', '', /^sub is not text/],
    ['alice', 'x'.repeat(256), /^sub is not text/],
    ['alice', 'alice', /^sub is the local subject itself/],
  ])('%j with %j is named by its line', (localSubject, sub, wrong) => {
    const settings = settingsFor('bad.example');
    const { rows, problems } = prepareBatch(
      importer(),
      settings,
      rowsOf([localSubject, sub]),
      derive,
    );
    expect(rows).toEqual([]);
    expect(problems).toEqual([{ line: 1, wrong: expect.stringMatching(wrong) }]);
  });
});

describe('rows of one batch', () => {
  const problemsOf = (...users: readonly (readonly [string, (string | undefined)?])[]) =>
    prepareBatch(importer(), settingsFor('bad.example'), rowsOf(...users), derive).problems;

  it('may repeat each other, and must not contradict each other', () => {
    expect(problemsOf(['alice', 'a'], ['alice', 'a'])).toEqual([]);
    expect(problemsOf(['alice', 'a'], ['alice', 'b'])).toMatchObject([{ line: 2 }]);
    expect(problemsOf(['alice', 'a'], ['bob', 'a'])).toMatchObject([{ line: 2 }]);
    expect(problemsOf(['alice', 'bob'], ['bob', 'b'])).toMatchObject([
      { line: 1, wrong: 'sub is the local_subject of line 2' },
    ]);
  });
});

describe('an original subject that is to be kept', () => {
  it('is the pseudonym', async () => {
    const settings = settingsFor('kept.example', { mayPreserve: true, given: true });
    expect(await write(settings, ['alice', 'alice'])).toMatchObject({ created: 1, problems: [] });
    expect(await subOf('kept.example', 'alice')).toEqual([[1, 'alice']]);
  });
});

describe('users who stand already', () => {
  it('are compared by their newest generation and by all of them', async () => {
    const sector = 'old.example';
    await write(settingsFor(sector), ['alice', 'first']);
    const index = replica.subjects.indexOf({ sector }, 'alice');
    if (!index.ok) throw new Error(index.reason);
    await inTransaction(database.db, (trx) =>
      insertPseudonym(trx, replica.atRest, {
        ...{ sector, userIndex: index.value, generation: 2, sub: 'second', localSubject: 'alice' },
        ...{ saltVersion: 0, algorithm: 'random', createdAt: NOW },
      }),
    );
    for (const sub of ['first', 'second', undefined]) {
      expect(await write(settingsFor(sector), ['alice', sub])).toMatchObject({ present: 1 });
    }
    expect(await write(settingsFor(sector), ['alice', 'third'])).toMatchObject({
      ...{ present: 0, problems: [{ line: 1, wrong: expect.stringMatching(/another pseudonym/) }] },
    });
  });
});

describe('a write that the database refuses', () => {
  it.each([
    ['as taken: begin again', 'insert into change_head select * from change_head', PseudonymTaken],
    ['for its own reasons: the error is told', "select raise(abort, 'disk full')", /disk full/],
  ])('%s', async (_name, fault, expected) => {
    const trigger = `create trigger fault before insert on pseudonyms begin ${fault}; end`;
    await database.db.raw(trigger);
    const client = { sector: 'refused.example', userIndex: Buffer.alloc(32, 1), generation: 1 };
    const record = { sub: 's', localSubject: 'alice', saltVersion: 0, createdAt: NOW };
    const insert = inTransaction(database.db, (trx) =>
      insertPseudonym(trx, replica.atRest, { ...client, ...record, algorithm: 'random' }),
    );
    await expect(insert).rejects.toThrow(expected);
    await expect(write(settingsFor('refused.example'), ['alice'])).rejects.toThrow(expected);
    await database.db.raw('drop trigger fault');
  });
});

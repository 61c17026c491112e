import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { userIndex } from '../../../src/database/blind-index.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { moveHandles } from '../../../src/subjects/move-store.ts';
import { moveInSector } from '../../../src/subjects/move.ts';
import type { MoveSettings } from '../../../src/subjects/move.ts';
import { PseudonymTaken } from '../../../src/subjects/store.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { clientIn, NOW, startReplica } from './replica.ts';
import type { Replica } from './replica.ts';

let database: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
  replica = await startReplica(database);
});
afterAll(() => database.close());

const indexIn = (sector: string, user: string) => userIndex(replica.keyring.index, sector, user);

async function meet(sector: string, ...users: readonly string[]): Promise<readonly string[]> {
  const client = replica.register(clientIn(sector));
  const subs: string[] = [];
  for (const user of users) subs.push(await replica.subjectOf(client, user));
  return subs;
}

function move(sector: string, from: string, to: string, prefer?: MoveSettings['prefer']) {
  const { atRest, keyring } = replica;
  const mover = { atRest, indexRoot: keyring.index, tombstoneRoot: keyring.tombstone };
  const settings = { at: NOW, graceUntil: NOW, prefer };
  return inTransaction(database.db, (trx) =>
    moveInSector(trx, mover, sector, [{ from, to }], settings),
  );
}

const subsOf = async (sector: string, user: string) =>
  (await replica.subjects.list(user, [sector])).map(({ generation, sub }) => [generation, sub]);

describe('a user with pseudonyms under both names', () => {
  it('has one line of generations then, of which the preferred one is the newest', async () => {
    const sector = 'merged.example';
    const [old, own] = await meet(sector, 'anna', 'bea');
    expect(await move(sector, 'anna', 'bea', 'old')).toMatchObject({ moved: 1, merged: 1 });
    expect(await subsOf(sector, 'bea')).toEqual([
      [1, own],
      [2, old],
    ]);
    const [third] = await meet(sector, 'carol');
    expect(await move(sector, 'bea', 'carol', 'new')).toMatchObject({ merged: 1 });
    expect(await subsOf(sector, 'carol')).toEqual([
      [1, own],
      [2, old],
      [3, third],
    ]);
    const changes: unknown[] = await database
      .db('subject_changes')
      .where({ sector: bytes(sector) })
      .orderBy('id')
      .select('old_sub', 'new_sub');
    expect(changes).toHaveLength(2);
    expect(changes).toContainEqual({ old_sub: bytes(old ?? ''), new_sub: bytes(third ?? '') });
  });
});

describe('the handle by which the audit log tells of a user', () => {
  const sector = 'told.example';
  const tell = (user: string, handle: string) =>
    database.db('audit_handles').insert({
      ...{ handle: bytes(handle), sector: bytes(sector), user_index: indexIn(sector, user) },
    });
  const handleOf = async (user: string) =>
    (
      await database
        .db('audit_handles')
        .where({ sector: bytes(sector), user_index: indexIn(sector, user) })
        .pluck<Buffer[]>('handle')
    ).map(String);

  it('goes along, unless there is one under the new name, which stays the only one', async () => {
    await tell('alice', 'alice’s');
    await tell('bob', 'bob’s');
    await tell('bob2', 'bob2’s');
    const moves = ['alice', 'bob', 'nobody'].map((user) => ({
      ...{ from: indexIn(sector, user), to: indexIn(sector, `${user}2`) },
    }));
    await inTransaction(database.db, (trx) => moveHandles(trx, sector, moves));
    expect(await handleOf('alice2')).toEqual(['alice’s']);
    expect(await handleOf('bob2')).toEqual(['bob2’s']);
    for (const user of ['alice', 'bob', 'nobody', 'nobody2']) {
      expect(await handleOf(user)).toEqual([]);
    }
  });
});

describe('a move that the database refuses', () => {
  it.each([
    ['as taken: begin again', 'insert into change_head select * from change_head', PseudonymTaken],
    ['for its own reasons: the error is told', "select raise(abort, 'disk full')", /disk full/],
  ])('%s, and all is as it was', async (_name, fault, expected) => {
    const sector = 'refused.example';
    const [sub] = await meet(sector, 'alice');
    const trigger = `create trigger fault before insert on pseudonyms begin ${fault}; end`;
    await database.db.raw(trigger);
    await expect(move(sector, 'alice', 'alice2')).rejects.toThrow(expected);
    await database.db.raw('drop trigger fault');
    expect(await subsOf(sector, 'alice')).toEqual([[1, sub]]);
  });
});

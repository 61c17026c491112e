import { beforeEach, expect, it } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { importSubjects } from '../../../src/operations/import-subjects.ts';
import { rotateSubject } from '../../../src/operations/rotate-subject.ts';
import { mapSubjects } from '../../../src/subjects/mapping.ts';
import { givenMappings } from '../../../src/subjects/mapping-pages.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { freshDatabase } from '../../support/database.ts';
import { BY, setStage } from '../operations/lifecycle.ts';
import type { Stage } from '../operations/lifecycle.ts';
import { clientIn, namesWith } from './replica.ts';

const SECTOR = 'acme.example';
const DAY = 24 * 3600 * 1000;

let stage: Stage;
let client: Client;
beforeEach(async () => {
  const database = await freshDatabase('sqlite');
  stage = await setStage(database);
  client = await stage.client(SECTOR);
  return () => database.close();
});

async function mapped(...olds: string[]): Promise<Record<string, string>> {
  const { database, replica, context } = stage;
  const { index } = replica.keyring;
  const mapping = await mapSubjects(database.db, index, SECTOR, olds, context.clock());
  return Object.fromEntries(mapping);
}

async function give(...users: readonly string[]): Promise<void> {
  async function* rows() {
    yield* users.map((localSubject, place) => ({
      ...{ line: place + 1, localSubject, sub: `of-${localSubject}` },
    }));
  }
  const derive = () => {
    throw new Error('every row brings its own');
  };
  const request = { sector: SECTOR, given: true, mayPreserve: false, dryRun: false, derive };
  await importSubjects(stage.context, { ...request, rows: rows() }, BY);
}

it('tells a vendor the new subjects of users whom it was given, and of nobody else', async () => {
  await give('alice');
  await stage.replica.subjectOf(client, 'bob');
  const long = 'x'.repeat(256);
  expect(await mapped('alice', 'alice', 'bob', 'nobody', '', long)).toEqual({ alice: 'of-alice' });
});

it('tells it of a user who logged in while the original subject was given', async () => {
  const { replica } = stage;
  replica.register({ ...clientIn(SECTOR, 'public'), clientId: client.clientId });
  await replica.subjectOf(client, 'carol');
  // No pseudonym yet, so there is nothing to tell.
  expect(await mapped('carol')).toEqual({});
  replica.register(client);
  const sub = await replica.subjectOf(client, 'carol');
  expect(await mapped('carol')).toEqual({ carol: sub });
});

it('tells what took the place of a pseudonym, during its grace', async () => {
  const old = await stage.replica.subjectOf(client, 'bob');
  const request = { sector: SECTOR, localSubject: 'bob', graceDays: 7, endSessions: false };
  const { newSub } = await rotateSubject(stage.context, request, BY);
  expect(await mapped(old, newSub)).toEqual({ [old]: newSub });
  stage.later(7 * DAY);
  expect(await mapped(old)).toEqual({});
});

it('tells nothing of a value that stands for two users', async () => {
  await give('alice', 'bob');
  const { database, replica } = stage;
  const index = (user: string): Uint8Array => {
    const found = replica.subjects.indexOf(client, user);
    return found.ok ? found.value : new Uint8Array();
  };
  const now = stage.context.clock().getTime();
  const change = (user: string, old: string) => ({
    ...{ sector: bytes(SECTOR), user_index: index(user), old_sub: bytes(old) },
    ...{ new_sub: bytes(`of-${user}`), at: now, expires_at: now + DAY },
  });
  await database.db('subject_changes').insert(change('bob', 'alice'));
  expect(await mapped('alice', 'bob')).toEqual({ bob: 'of-bob' });
  await database.db('subject_changes').del();
  await database.db('subject_changes').insert(change('alice', 'alice'));
  expect(await mapped('alice')).toEqual({ alice: 'of-alice' });
});

it('is exported page by page, each user who was given once', async () => {
  const users = ['a', 'b', 'c', 'd', 'e'];
  await give(...users);
  await stage.replica.subjectOf(client, 'not given');
  const { database, replica } = stage;
  const told: string[] = [];
  for await (const page of givenMappings(database.db, namesWith(replica), SECTOR, 2)) {
    expect(page.length).toBeLessThanOrEqual(2);
    for (const { localSubject, sub } of page) {
      expect(sub).toBe(`of-${localSubject}`);
      told.push(localSubject);
    }
  }
  expect(told.toSorted()).toEqual(users);
});

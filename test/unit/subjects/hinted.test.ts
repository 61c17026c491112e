import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HintedSubjects } from '../../../src/subjects/hinted.ts';
import type { Client } from '../../../src/vendors/client.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import type { Replica } from './replica.ts';
import { clientIn, namesWith, NOW, phase, startReplica } from './replica.ts';

/*
 * A client sends a subject and asks whose it is. What it was never given must
 * stand for nobody, or it finds out, guess by guess, who its users are.
 */

const later = new Date(NOW.getTime() + 1);

let database: TestDatabase;
let replica: Replica;
let hinted: HintedSubjects;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
  replica = await startReplica(database);
  hinted = new HintedSubjects(replica.db, namesWith(replica), () => NOW);
});
afterAll(() => database.close());

function indexOf(client: Client, localSubject: string): string {
  const index = replica.subjects.indexOf(client, localSubject);
  return index.ok ? Buffer.from(index.value).toString('base64url') : '';
}

describe('the original subject of a user', () => {
  it('stands for nobody where the client never was given it', async () => {
    const client = replica.register(clientIn('closed.example'));
    const sub = await replica.subjectOf(client, 'alice');
    const alice = indexOf(client, 'alice');
    for (const ask of ['provenUsers', 'knownUsers', 'requestableUsers'] as const) {
      expect(await hinted[ask](client, 'alice')).toEqual([]);
      expect(await hinted[ask](client, sub)).toEqual([alice]);
    }
  });

  it('stands for her where she logged in while it was given', async () => {
    const client = replica.register(clientIn('open.example', 'public'));
    await replica.subjectOf(client, 'alice');
    const closed = { ...client, phases: [...client.phases, phase('pairwise', { at: later })] };
    expect(await hinted.knownUsers(closed, 'alice')).toEqual([indexOf(client, 'alice')]);
    expect(await hinted.knownUsers(closed, 'bob')).toEqual([]);
    expect(await hinted.requestableUsers(closed, 'bob')).toEqual([]);
  });

  it('stands for nobody by a login from before the client had a phase', async () => {
    const client = replica.register(clientIn('young.example', 'public'));
    await replica.subjectOf(client, 'alice');
    const young = { ...client, phases: [phase('public', { at: later })] };
    expect(await hinted.knownUsers(young, 'alice')).toEqual([]);
  });

  it('may be asked for by whoever is given it today', async () => {
    const client = replica.register(clientIn('today.example', 'shadow'));
    expect(await hinted.requestableUsers(client, 'dora')).toEqual([indexOf(client, 'dora')]);
    expect(await hinted.knownUsers(client, 'dora')).toEqual([]);
  });

  it.each([
    ['everybody', { phase: 'public' }],
    ['all but a percentage', { percent: 20 }],
    ['all but some pilot users', { pilotUsers: ['somebody'] }],
  ] as const)('is proved by a token where it was given to %s', async (_name, narrowed) => {
    const client = clientIn('proof.example', phase('pairwise', narrowed));
    expect(await hinted.provenUsers(client, 'alice')).toEqual([indexOf(client, 'alice')]);
  });
});

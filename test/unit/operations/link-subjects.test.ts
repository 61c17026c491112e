import { setTimeout as sleep } from 'node:timers/promises';

import { beforeEach, expect, it } from 'vitest';

import { findHandle } from '../../../src/audit/store.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { readMarks } from '../../../src/database/subject-marks.ts';
import { ORIGINAL_SUBJECT } from '../../../src/database/logout-sessions.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { exportSubject } from '../../../src/operations/export-subject.ts';
import { linkSubject } from '../../../src/operations/link-subject.ts';
import { linkSubjects } from '../../../src/operations/link-subjects.ts';
import type { LinkRow } from '../../../src/operations/subject-rows.ts';
import { lookupSubject } from '../../../src/operations/lookup-subject.ts';
import { rotateSubject } from '../../../src/operations/rotate-subject.ts';
import { keepSubjects } from '../../../src/operations/subject-upkeep.ts';
import { HintedSubjects } from '../../../src/subjects/hinted.ts';
import { mapSubjects } from '../../../src/subjects/mapping.ts';
import { givenMappings } from '../../../src/subjects/mapping-pages.ts';
import type { RowProblem } from '../../../src/subjects/import.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { ConflictError, RegistrationError, UnknownError } from '../../../src/vendors/problem.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { clientIn, namesWith, NOW } from '../subjects/replica.ts';
import type { Stage } from './lifecycle.ts';
import { BY, setStage } from './lifecycle.ts';

const DAY = 24 * 3600 * 1000;
const SECTOR = 'acme.example';
const GENTLY = { graceDays: 90, endSessions: false, prefer: undefined } as const;
const ALICE = { localSubject: 'alice', to: 'alice2', ...GENTLY } as const;

describeOnEachDialect('a user whom the provider calls otherwise', (open) => {
  let stage: Stage;
  let acme: Client;
  let bolt: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    [acme, bolt] = [await stage.client(SECTOR), await stage.client('bolt.example')];
  });

  const indexIn = (sector: string, user: string): Buffer =>
    userIndex(stage.replica.keyring.index, sector, user);

  it('keeps the pseudonym of every sector, every generation, and nobody else has it', async () => {
    const { replica, context, database } = stage;
    await replica.subjectOf(acme, 'alice');
    await rotateSubject(context, { sector: SECTOR, ...ALICE }, BY);
    const [sub, elsewhere, bob] = [
      await replica.subjectOf(acme, 'alice'),
      await replica.subjectOf(bolt, 'alice'),
      await replica.subjectOf(acme, 'bob'),
    ];
    const before: unknown[] = await database.db('pseudonyms').orderBy('sub').select('sub');

    expect(await linkSubject(context, ALICE, BY)).toEqual({
      ...{ wasLinked: false, sectors: 2, merged: 0 },
    });

    expect(await database.db('pseudonyms').orderBy('sub').select('sub')).toEqual(before);
    expect(await replica.subjectOf(acme, 'alice2')).toBe(sub);
    expect(await replica.subjectOf(bolt, 'alice2')).toBe(elsewhere);
    expect(await replica.subjectOf(acme, 'bob')).toBe(bob);
    const looked = await lookupSubject(context, { clientId: acme.clientId, sub }, BY);
    expect(looked.localSubject).toBe('alice2');
    for (const name of ['alice', 'alice2']) {
      expect(await exportSubject(context, name, BY)).toMatchObject({
        ...{ local_subject: 'alice2', former_names: ['alice'] },
        sectors: [{ sector: SECTOR }, { sector: 'bolt.example' }],
      });
    }
    for (const table of ['pseudonyms', 'sessions', 'subject_changes', 'audit_handles']) {
      const left: unknown[] = await database
        .db(table)
        .where({ user_index: indexIn(SECTOR, 'alice') });
      expect([table, left]).toEqual([table, []]);
    }
  });

  it('is not taken for somebody whose new name the vendor was given, where it was given the old one', async () => {
    const { replica, context, database } = stage;
    await replica.subjectOf(acme, 'alice');
    await database.db('pseudonyms').update({ given_original: true });
    await database.db('sessions').update({ released_sub: bytes(ORIGINAL_SUBJECT) });
    const known = async (name: string) => {
      const mapping = await mapSubjects(database.db, replica.keyring.index, SECTOR, [name], NOW);
      const hinted = new HintedSubjects(database.db, namesWith(replica), () => NOW);
      const users = await hinted.knownUsers(clientIn(SECTOR, 'public'), name);
      return { mapped: mapping.size, hinted: users.length };
    };
    expect(await known('alice')).toEqual({ mapped: 1, hinted: 1 });
    await linkSubject(context, ALICE, BY);
    expect(await known('alice2')).toEqual({ mapped: 0, hinted: 0 });
    const { db } = context;
    for await (const page of givenMappings(db, namesWith(stage.replica), SECTOR, 10))
      expect(page).toEqual([]);
  });

  it('is the same user under the old name too, in sectors met later as well, until the grace is over', async () => {
    const { replica, context, later } = stage;
    const sub = await replica.subjectOf(acme, 'alice');
    await linkSubject(context, ALICE, BY);
    expect(await replica.subjectOf(acme, 'alice')).toBe(sub);
    const met = await replica.subjectOf(bolt, 'alice');
    expect(await replica.subjectOf(bolt, 'alice2')).toBe(met);
    const settled = await replica.login(acme, 'alice');
    expect(settled).toMatchObject({
      ok: true,
      value: { userIndex: indexIn(SECTOR, 'alice2') },
    });
    expect(await replica.subjects.isLinked(acme, 'alice', indexIn(SECTOR, 'alice2'))).toBe(true);
    expect(await replica.subjects.isLinked(acme, 'alice2', indexIn(SECTOR, 'alice'))).toBe(true);
    expect(await replica.subjects.isLinked(acme, 'bob', indexIn(SECTOR, 'alice2'))).toBe(false);
    later(400 * DAY);
    await keepSubjects(context);
    expect(await replica.subjects.isLinked(acme, 'alice', indexIn(SECTOR, 'alice2'))).toBe(false);
    const stranger = await replica.subjectOf(acme, 'alice');
    expect(stranger).not.toBe(sub);
    expect(await replica.subjectOf(acme, 'alice2')).toBe(sub);
  });

  it('is another user than who bears the old name when the grace is over', async () => {
    const { replica, context } = stage;
    await replica.subjectOf(acme, 'alice');
    await linkSubject(context, { ...ALICE, graceDays: 0 }, BY);
    expect(await replica.subjects.isLinked(acme, 'alice2', indexIn(SECTOR, 'alice'))).toBe(false);
    expect(await replica.subjects.isLinked(acme, 'alice', indexIn(SECTOR, 'alice2'))).toBe(false);
  });

  it('leaves the old name to somebody else at once, without a grace', async () => {
    const { replica, context } = stage;
    const sub = await replica.subjectOf(acme, 'alice');
    await linkSubject(context, { ...ALICE, graceDays: 0 }, BY);
    expect(await replica.subjectOf(acme, 'alice')).not.toBe(sub);
    expect(await replica.subjectOf(acme, 'alice2')).toBe(sub);
    expect(replica.log.messages).toEqual([]);
  });

  it('is not guessed where both names have a pseudonym, and keeps the one that is preferred', async () => {
    for (const prefer of ['old', 'new'] as const) {
      const { replica, context, database } = stage;
      const [from, to] = [`${prefer}-from`, `${prefer}-to`];
      const subs = {
        old: await replica.subjectOf(acme, from),
        new: await replica.subjectOf(acme, to),
      };
      const other = subs[prefer === 'old' ? 'new' : 'old'];
      const request = { ...GENTLY, localSubject: from, to };
      await expect(linkSubject(context, request, BY)).rejects.toThrow(ConflictError);
      expect(await replica.subjectOf(acme, from)).toBe(subs.old);

      expect(await linkSubject(context, { ...request, prefer }, BY)).toMatchObject({ merged: 1 });

      expect(await replica.subjectOf(acme, to)).toBe(subs[prefer]);
      expect(await replica.subjectOf(acme, from)).toBe(subs[prefer]);
      const looked = await lookupSubject(context, { clientId: acme.clientId, sub: other }, BY);
      expect(looked.localSubject).toBe(to);
      const changes: unknown[] = await database
        .db('subject_changes')
        .where({ old_sub: bytes(other) })
        .select('new_sub', 'user_index');
      expect(changes).toEqual([{ new_sub: bytes(subs[prefer]), user_index: indexIn(SECTOR, to) }]);
    }
  });

  it('is linked once: again is nothing, and to another name a conflict', async () => {
    const { replica, context, another } = stage;
    const sub = await replica.subjectOf(acme, 'alice');
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((to) => linkSubject(another(), { ...ALICE, to }, BY)),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const lost = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(lost?.reason).toBeInstanceOf(ConflictError);
    const winner = outcomes[0]?.status === 'fulfilled' ? 'one' : 'two';
    expect(await replica.subjectOf(acme, winner)).toBe(sub);
    expect(await linkSubject(context, { ...ALICE, to: winner }, BY)).toMatchObject({
      wasLinked: true,
    });
  });

  it('can be linked on, and back', async () => {
    const { replica, context } = stage;
    const sub = await replica.subjectOf(acme, 'alice');
    for (const [from, to] of [
      ['alice', 'b'],
      ['b', 'c'],
      ['c', 'alice'],
    ] as const) {
      await linkSubject(context, { ...GENTLY, localSubject: from, to }, BY);
      for (const name of ['alice', from, to]) expect(await replica.subjectOf(acme, name)).toBe(sub);
    }
  });

  it('refuses what cannot be linked, and changes nothing', async () => {
    const { replica, context, database } = stage;
    await expect(linkSubject(context, ALICE, BY)).rejects.toThrow(UnknownError);
    const sub = await replica.subjectOf(acme, 'alice');
    const bob = await replica.subjectOf(acme, 'bob');
    const wrong = (rest: Partial<typeof ALICE> | object) =>
      linkSubject(context, { ...ALICE, ...rest }, BY);
    await expect(wrong({ to: 'alice' })).rejects.toThrow(RegistrationError);
    await expect(wrong({ to: '' })).rejects.toThrow(RegistrationError);
    await expect(wrong({ graceDays: -1 })).rejects.toThrow(RegistrationError);
    await expect(wrong({ to: bob })).rejects.toThrow(ConflictError);
    await database.db('phase_changes').insert({
      ...{ client_id: bytes(acme.clientId), version: 1, phase: 'pairwise', percent: 10 },
      ...{ pilot_users: '[]', actor: 'cli:ada', change_position: 1, at: 1 },
    });
    await expect(wrong({})).rejects.toThrow(/complete its rollout/);
    expect(await database.db('former_names').select()).toEqual([]);
    expect(await replica.subjectOf(acme, 'alice')).toBe(sub);
  });

  it('ends tokens where that is wished, is audited by a handle that stays, and the chain verifies', async () => {
    const { replica, context, database } = stage;
    const sub = await replica.subjectOf(acme, 'alice');
    await lookupSubject(context, { clientId: acme.clientId, sub }, BY);
    const of = (user: string) =>
      findHandle(database.db, { sector: SECTOR, userIndex: indexIn(SECTOR, user) });
    const handle = await of('alice');
    await linkSubject(context, { ...ALICE, endSessions: true }, BY);
    expect(await of('alice2')).toEqual(handle);
    expect((await readMarks(database.db)).size).toBeGreaterThanOrEqual(2);
    const row = await database.db('audit_log').where({ act: 'subject.linked' }).first();
    const text = JSON.stringify(row, (_name, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    for (const name of ['alice', sub]) expect(text).not.toContain(name);
    expect(await verifyAudit(database.db)).toMatchObject({ intact: true });
  });

  it('is erased under all names, whichever is given, and comes back as somebody else under each', async () => {
    for (const name of ['alice', 'alice2']) {
      const { replica, context, database } = stage;
      const sub = await replica.subjectOf(acme, 'alice');
      await linkSubject(context, ALICE, BY);
      await replica.subjectOf(acme, 'alice');
      expect(await eraseSubject(context, name, BY)).toMatchObject({ erased: true, sectors: 1 });
      expect(await database.db('former_names').select()).toEqual([]);
      expect(await database.db('pseudonyms').select()).toEqual([]);
      expect(await database.db('sessions').select()).toEqual([]);
      const back = [
        await replica.subjectOf(acme, 'alice'),
        await replica.subjectOf(acme, 'alice2'),
      ];
      expect(new Set([sub, ...back]).size).toBe(3);
      await eraseSubject(context, 'alice', BY);
      await eraseSubject(context, 'alice2', BY);
    }
  });

  const file = async function* (
    ...pairs: readonly (readonly [string, string])[]
  ): AsyncGenerator<LinkRow | RowProblem> {
    for (const [place, [from, to]] of pairs.entries()) yield { line: place + 2, from, to };
  };
  const linkAll = (
    rows: AsyncGenerator<LinkRow | RowProblem>,
    rest: { readonly dryRun?: boolean; readonly endSessions?: boolean } = {},
  ) => linkSubjects(stage.context, { ...GENTLY, dryRun: false, ...rest, rows }, BY);

  it('comes in a file with all others, which can be run again, and tried before', async () => {
    const { replica, database } = stage;
    const users = Array.from({ length: 600 }, (_each, place) => `u${place}`);
    const subs = new Map<string, string>();
    for (const user of users.slice(0, 30)) {
      subs.set(user, await replica.subjectOf(acme, user));
    }
    const pairs = users.map((user) => [user, `new-${user}`] as const);
    const tried = await linkAll(file(...pairs), { dryRun: true });
    expect(tried).toMatchObject({ linked: 600, kept: 30, complete: true });
    expect(await database.db('former_names').select()).toEqual([]);
    expect(await linkAll(file(...pairs))).toMatchObject({ linked: 600, kept: 30, lastLine: 601 });
    expect(await linkAll(file(...pairs))).toMatchObject({ linked: 0, present: 600, kept: 0 });
    for (const [user, sub] of subs) {
      expect(await replica.subjectOf(acme, user)).toBe(sub);
      expect(await replica.subjectOf(acme, `new-${user}`)).toBe(sub);
    }
  });

  it('names the line where a file is wrong, and links nothing of that batch', async () => {
    const { replica, database } = stage;
    for (const user of ['a', 'b', 'c']) await replica.subjectOf(acme, user);
    const wrong = async (...pairs: readonly (readonly [string, string])[]) => {
      const { problems, complete } = await linkAll(file(...pairs));
      expect(complete).toBe(false);
      return problems.map(({ line }) => line);
    };
    expect(await wrong(['x', 'y'], ['a', 'a'])).toEqual([3]);
    expect(await wrong(['a', 'x'], ['a', 'y'])).toEqual([3]);
    expect(await wrong(['a', 'x'], ['b', 'x'])).toEqual([3]);
    expect(await wrong(['a', 'x'], ['x', 'y'])).toEqual([3]);
    expect(await wrong(['x', 'y'], ['a', 'b'])).toEqual([3]);
    expect(await wrong(['a', ''])).toEqual([2]);
    expect(await database.db('former_names').select()).toEqual([]);
    // A chain or two users of one name, over two batches or two files.
    expect(await linkAll(file(['a', 'x']))).toMatchObject({ linked: 1 });
    expect(await wrong(['x', 'y'])).toEqual([2]);
    expect(await wrong(['b', 'x'])).toEqual([2]);
    expect(await wrong(['a', 'y'])).toEqual([2]);
    const never = linkSubjects(
      stage.context,
      { ...GENTLY, graceDays: 0, dryRun: false, rows: file(['b', 'z']) },
      BY,
    );
    await expect(never).rejects.toThrow(RegistrationError);
  });

  it('logs in while files are linked: no login fails, and none gets another subject', async () => {
    const { replica, database } = stage;
    const users = Array.from({ length: 20 }, (_each, place) => `u${place}`);
    const subs = new Map<string, string>();
    for (const user of users) subs.set(user, await replica.subjectOf(acme, user));
    let isOver = false;
    const logins = async (names: (user: string) => string): Promise<void> => {
      do {
        for (const user of users) {
          expect(await replica.subjectOf(acme, names(user))).toBe(subs.get(user));
          // SQLite works without a pause, and would leave the others none.
          await sleep(1);
        }
      } while (!isOver);
    };
    // Met for the first time while they are linked: whoever is first, there is one of them.
    const fresh = Array.from({ length: 10 }, (_each, place) => `fresh${place}`);
    const meeting = (async () => {
      for (const user of fresh) {
        subs.set(user, await replica.subjectOf(acme, user));
        await sleep(1);
      }
    })();
    const running = logins((user) => user);
    try {
      for (const user of [...users, ...fresh]) {
        const done = await linkAll(file([user, `new-${user}`]));
        expect(done.problems).toEqual([]);
      }
      await meeting;
    } finally {
      isOver = true;
      await running;
    }
    for (const user of [...users, ...fresh]) {
      expect(await replica.subjectOf(acme, `new-${user}`)).toBe(subs.get(user));
    }
    const rows: { sub: Buffer }[] = await database.db('pseudonyms').select('sub');
    expect(rows).toHaveLength(users.length + fresh.length);
  });
});

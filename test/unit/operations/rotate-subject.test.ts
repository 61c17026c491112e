import { setTimeout as sleep } from 'node:timers/promises';

import { beforeEach, expect, it } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { lookupSubject } from '../../../src/operations/lookup-subject.ts';
import { rotateSubject } from '../../../src/operations/rotate-subject.ts';
import { rotateSubjects } from '../../../src/operations/rotate-subjects.ts';
import { keepSubjects } from '../../../src/operations/subject-upkeep.ts';
import { HintedSubjects } from '../../../src/subjects/hinted.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { ConflictError, RegistrationError, UnknownError } from '../../../src/vendors/problem.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { namesWith } from '../subjects/replica.ts';
import type { Stage } from './lifecycle.ts';
import { BY, setStage } from './lifecycle.ts';

const DAY = 24 * 3600 * 1000;

describeOnEachDialect('rotating pseudonyms', (open) => {
  let stage: Stage;
  let acme: Client;
  let bolt: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    [acme, bolt] = [await stage.client('acme.example'), await stage.client('bolt.example')];
  });

  const alice = { sector: 'acme.example', localSubject: 'alice' } as const;
  const gently = { graceDays: 90, endSessions: false } as const;

  it('gives one user another pseudonym in one sector, and nobody else', async () => {
    const { replica, context, database } = stage;
    const [old, bob] = [
      await replica.subjectOf(acme, 'alice'),
      await replica.subjectOf(acme, 'bob'),
    ];
    const elsewhere = await replica.subjectOf(bolt, 'alice');
    const { oldSub, newSub } = await rotateSubject(context, { ...alice, ...gently }, BY);
    expect(oldSub).toBe(old);
    expect(newSub).not.toBe(old);
    expect(await replica.subjectOf(acme, 'alice')).toBe(newSub);
    expect(await replica.subjectOf(acme, 'bob')).toBe(bob);
    expect(await replica.subjectOf(bolt, 'alice')).toBe(elsewhere);
    expect(await database.db('subject_changes').select('old_sub', 'new_sub')).toEqual([
      { old_sub: bytes(old), new_sub: bytes(newSub) },
    ]);
  });

  it('lets the old one resolve during the grace, and not a moment longer', async () => {
    const { replica, context, database, later } = stage;
    const old = await replica.subjectOf(acme, 'alice');
    const { newSub } = await rotateSubject(context, { ...alice, ...gently }, BY);
    const hinted = new HintedSubjects(database.db, namesWith(replica), context.clock);
    const whoIs = async (sub: string) => {
      const { localSubject } = await lookupSubject(context, { clientId: acme.clientId, sub }, BY);
      return [localSubject, (await hinted.provenUsers(acme, sub)).length];
    };
    later(90 * DAY - 1);
    expect(await whoIs(old)).toEqual(['alice', 1]);
    later(1);
    expect(await whoIs(old)).toEqual([undefined, 0]);
    expect(await whoIs(newSub)).toEqual(['alice', 1]);

    await keepSubjects(context);
    expect(await database.db('pseudonyms').select('sub')).toEqual([{ sub: bytes(newSub) }]);
    expect(await database.db('subject_changes').select()).toEqual([]);
    expect(await replica.subjectOf(acme, 'alice')).toBe(newSub);
  });

  it('refuses what cannot be rotated', async () => {
    const { context } = stage;
    const request = { ...alice, ...gently };
    await expect(rotateSubject(context, request, BY)).rejects.toThrow(UnknownError);
    const endless = rotateSubject(context, { ...request, graceDays: 1.5 }, BY);
    await expect(endless).rejects.toThrow(RegistrationError);
    const nobody = rotateSubject(context, { ...request, localSubject: '' }, BY);
    await expect(nobody).rejects.toThrow(RegistrationError);
    const nowhere = { scope: { sector: 'nowhere.example' }, ...gently };
    await expect(rotateSubjects(context, nowhere, BY)).rejects.toThrow(UnknownError);
  });

  it('lets one of two operators win, and tells the other', async () => {
    const { replica, context, another, database } = stage;
    await replica.subjectOf(acme, 'alice');
    const both = await Promise.allSettled(
      [context, another()].map((one) => rotateSubject(one, { ...alice, ...gently }, BY)),
    );
    const won = both.filter(({ status }) => status === 'fulfilled').length;
    const generations = await database.db('pseudonyms').select('generation');
    // They may also have come one after the other.
    expect(generations).toHaveLength(1 + won);
    for (const one of both) {
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(ConflictError);
    }
  });

  it('rotates every user of a scope once, and records it', async () => {
    const { replica, context, database } = stage;
    const users = Array.from({ length: 25 }, (_, number) => `user ${number}`);
    const old = new Map<string, string>();
    for (const user of users) old.set(user, await replica.subjectOf(acme, user));
    const untouched = await replica.subjectOf(bolt, 'user 1');
    const outcome = await rotateSubjects(
      context,
      { scope: { sector: 'acme.example' }, ...gently },
      BY,
    );
    expect(outcome).toMatchObject({ rotated: 25, resumed: false, scope: 'sector:acme.example' });
    const seen = new Set<string>();
    for (const user of users) {
      const sub = await replica.subjectOf(acme, user);
      expect(sub).not.toBe(old.get(user));
      seen.add(sub);
      expect(await replica.subjects.lookup('acme.example', sub)).toBe(user);
    }
    expect(seen.size).toBe(users.length);
    expect(await replica.subjectOf(bolt, 'user 1')).toBe(untouched);
    expect(await database.db('subject_rotations').select()).toEqual([]);
    const [entry] = await database.db('audit_log').where({ act: 'subjects.rotated' });
    expect(entry).toMatchObject({ target: bytes('sector:acme.example') });
    const all = await rotateSubjects(context, { scope: { all: true }, ...gently }, BY);
    expect(all.rotated).toBe(26);
    const vendor = { scope: { vendorId: acme.vendorId }, ...gently };
    expect((await rotateSubjects(context, vendor, BY)).rotated).toBe(26);
  });

  it('ends the tokens of the sector’s clients where that is asked for', async () => {
    const { replica, context, database } = stage;
    await replica.subjectOf(acme, 'alice');
    const scope = { sector: 'acme.example' };
    await rotateSubjects(context, { scope, graceDays: 0, endSessions: true }, BY);
    const marks = await database
      .db('clients')
      .orderBy('client_id')
      .select<{ not_before: number }[]>('not_before');
    const { position } = await database.db('change_head').first<{ position: number }>();
    expect(marks.map((row) => row.not_before)).toEqual([position, 0]);
  });

  it('keeps another rotation of many off until it is complete', async () => {
    const { replica, context, another, database } = stage;
    for (let user = 0; user < 5; user += 1) await replica.subjectOf(acme, `user ${user}`);
    const now = context.clock().getTime();
    await database.db('subject_rotations').insert({
      ...{ slot: 1, scope: bytes('sector:acme.example'), holder: bytes('dead'), rotated: 0 },
      ...{ lease_until: now - 1, started_at: now, grace_days: 7, end_sessions: false },
    });
    const all = rotateSubjects(another(), { scope: { all: true }, ...gently }, BY);
    await expect(all).rejects.toThrow(ConflictError);
    const scope = { sector: 'acme.example' };
    expect(await rotateSubjects(context, { scope, ...gently }, BY)).toMatchObject({
      ...{ rotated: 5, resumed: true, graceDays: 7 },
    });
  });

  it('fails no login that goes on meanwhile, and gives none a wrong subject', async () => {
    const { replica, context, database } = stage;
    const users = Array.from({ length: 400 }, (_, number) => `user ${number}`);
    const known = new Map<string, Set<string>>();
    for (const user of users) known.set(user, new Set([await replica.subjectOf(acme, user)]));
    let done = false;
    const logins = Promise.all(
      [0, 1, 2].map(async (offset) => {
        for (let turn = offset; !done || turn < 60; turn += 3) {
          const user = users[(turn * 37) % users.length] ?? '';
          known.get(user)?.add(await replica.subjectOf(acme, user));
          // Whoever waits for a SQLite file gets it in a pause.
          await sleep(5);
        }
      }),
    );
    const scope = { sector: 'acme.example' };
    await rotateSubjects(context, { scope, ...gently }, BY).finally(() => {
      done = true;
    });
    await logins;
    const owners = new Map<string, string>();
    for (const [user, subs] of known) {
      subs.add(await replica.subjectOf(acme, user));
      expect(subs.size).toBe(2);
      for (const sub of subs) {
        expect(owners.get(sub) ?? user).toBe(user);
        owners.set(sub, user);
      }
    }
    expect(await database.db('pseudonyms').select('sub')).toHaveLength(2 * users.length);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';

import { beforeEach, expect, it } from 'vitest';

import { listAudit } from '../../../src/audit/read-store.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { linkSectors } from '../../../src/operations/link-sectors.ts';
import type { LinkSectors } from '../../../src/operations/link-sectors.ts';
import { lookupSubject } from '../../../src/operations/lookup-subject.ts';
import { unlinkSectors } from '../../../src/operations/unlink-sectors.ts';
import { sectorConnection } from '../../../src/subjects/connections.ts';
import { HintedSubjects } from '../../../src/subjects/hinted.ts';
import { mapSubjects } from '../../../src/subjects/mapping.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { ConflictError, RegistrationError, UnknownError } from '../../../src/vendors/problem.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { namesWith, startReplica } from '../subjects/replica.ts';
import type { Stage } from './lifecycle.ts';
import { BY, setStage, toldTo } from './lifecycle.ts';

const ACME = 'acme.example';
const BOLT = 'bolt.example';
const DAY = 24 * 3600 * 1000;

describeOnEachDialect('linking two sectors', (open) => {
  let stage: Stage;
  let acme: Client;
  let bolt: Client;
  let corp: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    acme = await stage.client(ACME, 'acme');
    bolt = await stage.client(BOLT, 'bolt');
    corp = await stage.client('corp.example', 'corp');
  });

  const both = { sector: BOLT, into: ACME, vendors: ['acme', 'bolt'] } as const;
  const wanted = { ...both, keep: 'into', graceDays: 90, endSessions: false } as const;
  const link = (more: Partial<LinkSectors> = {}) =>
    linkSectors(stage.context, { ...wanted, ...more }, BY);
  const unlink = (keep = false) =>
    unlinkSectors(stage.context, { sector: BOLT, keep, graceDays: 90, endSessions: false }, BY);
  const at = (client: Client, user: string) => stage.replica.subjectOf(client, user);
  const whoIs = async ({ clientId }: Client, sub: string) =>
    (await lookupSubject(stage.context, { clientId, sub }, { ...BY, actor: clientId }))
      .localSubject;
  const told = (client: Client) => toldTo(stage, client);

  it('lets who is in one of them keep their pseudonym, and everybody else have one in both', async () => {
    const [bob, alice, elsewhere] = [
      await at(bolt, 'bob'),
      await at(acme, 'alice'),
      await at(corp, 'bob'),
    ];
    expect(await link()).toMatchObject({ wasLinked: false, carried: 1, merged: 0 });
    expect([await at(bolt, 'bob'), await at(acme, 'bob')]).toEqual([bob, bob]);
    expect([await at(bolt, 'alice'), await at(acme, 'alice')]).toEqual([alice, alice]);
    const carol = await at(bolt, 'carol');
    expect(await at(acme, 'carol')).toBe(carol);
    expect(await at(corp, 'bob')).toBe(elsewhere);
    expect(await at(corp, 'carol')).not.toBe(carol);
    expect([await told(acme), await told(bolt)]).toEqual([[], []]);
    expect(await link()).toMatchObject({ wasLinked: true });
    const acts = (await listAudit(stage.context.db, {}, { limit: 10 })).map(({ act, details }) => {
      return [act, details];
    });
    expect(acts).toContainEqual([
      'sectors.linked',
      { into: ACME, keep: 'into', grace_days: 90, between_vendors: 'acme, bolt' },
    ]);
    expect(acts).toContainEqual([
      'sectors.carried',
      { into: ACME, carried: 1, merged: 0, ended_sessions: false },
    ]);
  });

  it.each(['into', 'linked'] as const)(
    'keeps of two the chosen one (%s), lets the other resolve for the grace, and tells its vendor alone',
    async (keep) => {
      const subs = { linked: await at(bolt, 'alice'), into: await at(acme, 'alice') };
      const kept = subs[keep];
      const lost = keep === 'into' ? subs.linked : subs.into;
      expect(await link({ keep })).toMatchObject({ carried: 1, merged: 1 });
      expect([await at(bolt, 'alice'), await at(acme, 'alice')]).toEqual([kept, kept]);
      const loser = keep === 'into' ? bolt : acme;
      const winner = keep === 'into' ? acme : bolt;
      expect(await told(loser)).toEqual([[lost, kept]]);
      expect(await told(winner)).toEqual([]);
      const { db, keyring, clock } = stage.context;
      const mapped = await mapSubjects(db, keyring.index, loser.sector, [lost], clock());
      expect([...mapped]).toEqual([[lost, kept]]);
      const hinted = new HintedSubjects(db, namesWith(stage.replica), clock);
      const index = stage.replica.subjects.indexOf(loser, 'alice');
      if (!index.ok) throw new Error(index.reason);
      const encoded = Buffer.from(index.value).toString('base64url');
      expect(await hinted.provenUsers(loser, lost)).toEqual([encoded]);
      expect(await hinted.provenUsers(loser, kept)).toEqual([encoded]);
      expect([await whoIs(loser, lost), await whoIs(loser, kept)]).toEqual(['alice', 'alice']);
      stage.later(90 * DAY);
      expect([await whoIs(loser, lost), await whoIs(loser, kept)]).toEqual([undefined, 'alice']);
    },
  );

  it('needs both vendors named, and refuses what would make one subject two users', async () => {
    for (const vendors of [[], ['acme'], ['acme', 'corp'], ['acme', 'bolt', 'corp']]) {
      await expect(link({ vendors })).rejects.toThrow(RegistrationError);
    }
    await expect(link({ into: 'nowhere.example' })).rejects.toThrow(UnknownError);
    await expect(link({ into: BOLT, vendors: [] })).rejects.toThrow(RegistrationError);
    const mine = await at(bolt, 'bob');
    await at(acme, 'alice');
    const { db } = stage.context;
    const alices = { sector: bytes(ACME) };
    await db('pseudonyms')
      .where(alices)
      .update({ sub: bytes(mine) });
    await expect(link()).rejects.toThrow(/1 subjects|2 subjects/);
    expect(await db('sector_links').select()).toEqual([]);
    expect(await db('subject_rotations').select()).toEqual([]);
    // Not taken for the user who bears the other's pseudonym as a name either.
    await db('pseudonyms')
      .where(alices)
      .update({ sub: bytes('of alice') });
    await at(acme, mine);
    await expect(link()).rejects.toThrow(ConflictError);
    await eraseSubject(stage.context, mine, BY);
    expect(await link()).toMatchObject({ carried: 1 });
    await expect(link({ into: 'corp.example', vendors: ['bolt', 'corp'] })).rejects.toThrow(
      'is linked into "acme.example" already',
    );
    const chain = { sector: 'corp.example', into: BOLT, vendors: ['bolt', 'corp'] };
    await expect(link(chain)).rejects.toThrow(ConflictError);
    const whole = { sector: ACME, into: 'corp.example', vendors: ['acme', 'corp'] };
    await expect(link(whole)).rejects.toThrow(ConflictError);
  });

  it('does not hand a vendor the original subjects that another one preserved', async () => {
    await at(bolt, 'alice');
    await stage.context.db('pseudonyms').update({ algorithm: 'preserved', sub: bytes('alice') });
    await expect(link()).rejects.toThrow('original subjects');
    const { db } = stage.context;
    await db('sectors').update({ vendor_id: bytes('acme') });
    const own = await link({ vendors: [] });
    expect(own).toMatchObject({ carried: 1 });
    expect(await at(acme, 'alice')).toBe('alice');
  });

  it('holds in a replica that has heard of nothing, before anybody is carried over', async () => {
    const [bob, alice] = [await at(bolt, 'bob'), await at(acme, 'alice')];
    const one = await startReplica(stage.database);
    for (const client of [acme, bolt]) one.register(client);
    const { db, clock } = stage.context;
    await db('sector_links').insert({
      ...{ sector: bytes(BOLT), into_sector: bytes(ACME), mode: 'linked', prefers_linked: false },
      ...{ between_vendors: true, keeps: false, grace_days: 90, linked_at: clock().getTime() },
    });
    expect(await one.subjectOf(acme, 'bob')).toBe(bob);
    expect(await one.subjectOf(bolt, 'alice')).toBe(alice);
    const [first, second] = await Promise.all([
      one.subjectOf(bolt, 'carol'),
      stage.replica.subjectOf(acme, 'carol'),
    ]);
    expect(first).toBe(second);
    expect(await db('pseudonyms').where({ sector: bytes(BOLT) })).toEqual([]);
  });

  it('parts again: what one alone knows stays its, of what both know it gets a new one', async () => {
    const before = await at(bolt, 'before');
    await at(acme, 'alice');
    await link();
    const [alice, bob] = [await at(bolt, 'alice'), await at(bolt, 'bob')];
    const carol = await at(acme, 'carol');
    expect(await unlink()).toMatchObject({ shared: 1, kept: false, from: ACME });
    // Those whom bolt alone knew have what they had, and acme never gets to know it.
    expect([await at(bolt, 'before'), await at(bolt, 'bob')]).toEqual([before, bob]);
    expect(await at(acme, 'before')).not.toBe(before);
    expect(await at(acme, 'bob')).not.toBe(bob);
    // Whom both know, and whom acme alone knows.
    expect([await at(acme, 'alice'), await at(acme, 'carol')]).toEqual([alice, carol]);
    const mine = await at(bolt, 'alice');
    expect(mine).not.toBe(alice);
    expect(await at(bolt, 'carol')).not.toBe(carol);
    expect([await told(bolt), await told(acme)]).toEqual([[[alice, mine]], []]);
    expect([await whoIs(bolt, alice), await whoIs(bolt, mine)]).toEqual(['alice', 'alice']);
    expect([await whoIs(acme, alice), await whoIs(acme, mine)]).toEqual(['alice', undefined]);
    const dave = await at(bolt, 'dave');
    expect(await at(acme, 'dave')).not.toBe(dave);
    await expect(unlink()).rejects.toThrow(UnknownError);
    expect(await link()).toMatchObject({ merged: 5 });
    expect(await at(bolt, 'alice')).toBe(alice);
  });

  it('keeps the same in both where the operator says so, and counts whom that concerns', async () => {
    await link();
    const [alice] = [await at(bolt, 'alice'), await at(acme, 'alice'), await at(bolt, 'bob')];
    expect(await unlink(true)).toMatchObject({ shared: 1, kept: true });
    expect([await at(bolt, 'alice'), await at(acme, 'alice')]).toEqual([alice, alice]);
    expect(await told(bolt)).toEqual([]);
    const carol = await at(bolt, 'carol');
    expect(await at(acme, 'carol')).not.toBe(carol);
    // Linked once more, one value in both is one pseudonym, of which nobody is told.
    expect(await link()).toMatchObject({ carried: 3, merged: 2 });
    expect([await at(bolt, 'alice'), await at(acme, 'alice')]).toEqual([alice, alice]);
    expect(await told(bolt)).toEqual([[carol, await at(acme, 'carol')]]);
    expect(await told(acme)).toEqual([]);
  });

  it('does not tell users that a linked sector knows them before a client of it was given one', async () => {
    await at(acme, 'alice');
    await link();
    const { db, keyring } = stage.context;
    const user = { sector: BOLT, localSubject: 'alice' };
    expect(await sectorConnection(db, keyring.index, user)).toBeUndefined();
    await at(bolt, 'alice');
    expect(await sectorConnection(db, keyring.index, user)).toBeDefined();
  });

  it('parts whoever logs in before their turn has come, in either sector', async () => {
    const bob = await at(bolt, 'bob');
    await link();
    const alice = await at(acme, 'alice');
    expect(await at(bolt, 'alice')).toBe(alice);
    const carol = await at(acme, 'carol');
    const parting = { mode: 'parting', keeps: false, grace_days: 90 };
    await stage.context
      .db('sector_links')
      .where({ sector: bytes(BOLT) })
      .update(parting);
    const parted = await at(bolt, 'alice');
    expect(parted).not.toBe(alice);
    expect([await at(acme, 'alice'), await at(bolt, 'alice')]).toEqual([alice, parted]);
    expect(await told(bolt)).toEqual([[alice, parted]]);
    expect(await at(bolt, 'bob')).toBe(bob);
    expect(await at(acme, 'bob')).not.toBe(bob);
    expect([await at(acme, 'carol'), await at(bolt, 'carol')]).not.toEqual([carol, carol]);
    expect(await at(acme, 'carol')).toBe(carol);
  });

  it('tells a vendor of two sectors the new subjects of users whom it has in either', async () => {
    const shop = await stage.client('shop.example', 'acme');
    await at(acme, 'alice');
    const { db, keyring, clock } = stage.context;
    await db('pseudonyms')
      .where({ sector: bytes(ACME) })
      .update({ given_original: true });
    await link({ sector: shop.sector, vendors: [] });
    const alice = await at(shop, 'alice');
    for (const sector of [ACME, shop.sector]) {
      const mapped = await mapSubjects(db, keyring.index, sector, ['alice', 'nobody'], clock());
      expect([...mapped]).toEqual([['alice', alice]]);
    }
  });

  it('lets one of two operators win, and tells the other', async () => {
    for (const user of ['a', 'b', 'c']) await at(bolt, user);
    const outcomes = await Promise.allSettled([
      link(),
      linkSectors(stage.another(), { ...wanted, keep: 'linked' }, BY),
    ]);
    const won = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(won.length).toBeGreaterThan(0);
    for (const one of outcomes) {
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(ConflictError);
    }
    const entries = await listAudit(stage.context.db, { act: 'sectors.linked' }, { limit: 9 });
    expect(entries).toHaveLength(1);
  });

  it('fails no login that goes on meanwhile, and gives none a wrong subject', async () => {
    const users = Array.from({ length: 120 }, (_, number) => `user ${number}`);
    const known = new Map<string, Set<string>>(users.map((user) => [user, new Set()]));
    for (const [place, user] of users.entries()) {
      if (place % 3 < 2) known.get(user)?.add(await at(bolt, user));
      if (place % 3 > 0) known.get(user)?.add(await at(acme, user));
    }
    let done = false;
    const logins = Promise.all(
      [0, 1, 2].map(async (offset) => {
        for (let turn = offset; !done || turn < 60; turn += 3) {
          const user = users[(turn * 37) % users.length] ?? '';
          known.get(user)?.add(await at(turn % 2 === 0 ? acme : bolt, user));
          // Whoever waits for a SQLite file gets it in a pause.
          await sleep(5);
        }
      }),
    );
    await link().finally(() => {
      done = true;
    });
    await logins;
    const owners = new Map<string, string>();
    for (const [place, user] of users.entries()) {
      const now = await at(bolt, user);
      expect(await at(acme, user)).toBe(now);
      const subs = known.get(user) ?? new Set();
      subs.add(now);
      // Whoever came to the other one before the link was in effect got one there too.
      expect(subs.size).toBeLessThanOrEqual(2);
      if (place % 3 === 1) expect(subs.size).toBe(2);
      for (const sub of subs) {
        expect(owners.get(sub) ?? user).toBe(user);
        owners.set(sub, user);
      }
    }
  });
});

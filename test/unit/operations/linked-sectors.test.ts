import { beforeEach, expect, it } from 'vitest';

import { verifyAudit } from '../../../src/audit/verify.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { markOf } from '../../../src/database/subject-marks.ts';
import { disconnectVendor } from '../../../src/operations/disconnect-vendor.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { importSubjects } from '../../../src/operations/import-subjects.ts';
import { linkSectors } from '../../../src/operations/link-sectors.ts';
import type { LinkSectors } from '../../../src/operations/link-sectors.ts';
import { linkSubject } from '../../../src/operations/link-subject.ts';
import { listConnections } from '../../../src/operations/list-connections.ts';
import { listSubject } from '../../../src/operations/list-subject.ts';
import { rotateSubject } from '../../../src/operations/rotate-subject.ts';
import { rotateSubjects } from '../../../src/operations/rotate-subjects.ts';
import { unlinkSectors } from '../../../src/operations/unlink-sectors.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { deleteVendor } from '../../../src/vendors/vendor-store.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import type { Stage } from './lifecycle.ts';
import { BY, setStage, toldTo } from './lifecycle.ts';

const ACME = 'acme.example';
const BOLT = 'bolt.example';
const DAY = 24 * 3600 * 1000;

describeOnEachDialect('linked sectors', (open) => {
  let stage: Stage;
  let acme: Client;
  let bolt: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    acme = await stage.client(ACME, 'acme');
    bolt = await stage.client(BOLT, 'bolt');
  });

  const both = { sector: BOLT, into: ACME, vendors: ['acme', 'bolt'] } as const;
  const wanted = { ...both, keep: 'into', graceDays: 90, endSessions: false } as const;
  const link = (more: Partial<LinkSectors> = {}) =>
    linkSectors(stage.context, { ...wanted, ...more }, BY);
  const unlink = (keep = false) =>
    unlinkSectors(stage.context, { sector: BOLT, keep, graceDays: 90, endSessions: false }, BY);
  const at = (client: Client, user: string) => stage.replica.subjectOf(client, user);
  const told = (client: Client) => toldTo(stage, client);

  it('erases everywhere, ends tokens from before and after, and does not give the same again', async () => {
    const { db, atRest, keyring } = stage.context;
    const bob = await at(bolt, 'bob');
    await link();
    await at(acme, 'bob');
    const { position } = await db('change_head').first<{ position: number }>();
    expect(await eraseSubject(stage.context, 'bob', BY)).toMatchObject({ erased: true });
    for (const sector of [ACME, BOLT]) {
      const mark = markOf(atRest, userIndex(keyring.index, sector, 'bob'));
      const row = await db('subject_marks')
        .where({ user_hash: Buffer.from(mark, 'base64url') })
        .first<{ not_before: number }>('not_before');
      expect(row.not_before).toBeGreaterThan(position);
    }
    for (const table of ['pseudonyms', 'sessions', 'given_subjects', 'subject_changes']) {
      expect([table, await db(table).select()]).toEqual([table, []]);
    }
    const again = await at(bolt, 'bob');
    expect(again).not.toBe(bob);
    expect(await at(acme, 'bob')).toBe(again);
    await eraseSubject(stage.context, 'bob', BY);
    await unlink();
    expect([bob, again]).not.toContain(await at(bolt, 'bob'));
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });

  it('shows what is shared, and lets a user disconnect one vendor without losing the other', async () => {
    await link();
    const alice = await at(bolt, 'alice');
    const { context } = stage;
    const vendors = async () =>
      (await listConnections(context, 'alice')).map((one) => one.vendorId);
    expect(await vendors()).toEqual(['bolt']);
    await at(acme, 'alice');
    expect((await vendors()).toSorted()).toEqual(['acme', 'bolt']);
    expect(await listSubject(context, 'alice', BY)).toMatchObject([
      { sector: ACME, vendorId: 'acme', sub: alice, linkedSectors: [BOLT] },
    ]);
    const gone = await disconnectVendor(context, { vendorId: 'bolt', localSubject: 'alice' }, BY);
    expect(gone).toMatchObject({ newSubject: false, sectors: 1 });
    expect([await at(acme, 'alice'), await at(bolt, 'alice')]).toEqual([alice, alice]);
  });

  it('rotates for all, renames in all, and keeps off what would come in between', async () => {
    await link();
    const old = await at(bolt, 'alice');
    await at(acme, 'alice');
    const gently = { graceDays: 90, endSessions: false } as const;
    const { newSub } = await rotateSubject(
      stage.context,
      { sector: BOLT, localSubject: 'alice', ...gently },
      BY,
    );
    expect([await at(bolt, 'alice'), await at(acme, 'alice')]).toEqual([newSub, newSub]);
    expect([await told(acme), await told(bolt)]).toEqual([[[old, newSub]], [[old, newSub]]]);
    const guest = rotateSubjects(stage.context, { scope: { sector: BOLT }, ...gently }, BY);
    await expect(guest).rejects.toThrow('is linked into "acme.example"');
    await linkSubject(
      stage.context,
      {
        ...{ localSubject: 'alice', to: 'alice2', graceDays: 90 },
        ...{ prefer: undefined, endSessions: false },
      },
      BY,
    );
    for (const name of ['alice', 'alice2']) {
      expect([await at(bolt, name), await at(acme, name)]).toEqual([newSub, newSub]);
    }
    const { db, clock } = stage.context;
    await db('subject_rotations').insert({
      ...{ slot: 1, scope: bytes(`unlink:${BOLT}`), holder: bytes('dead'), rotated: 0 },
      ...{ lease_until: clock().getTime() + DAY, started_at: clock().getTime() },
      ...{ grace_days: 7, end_sessions: false },
    });
    const one = { sector: ACME, localSubject: 'alice2', ...gently };
    await expect(rotateSubject(stage.context, one, BY)).rejects.toThrow('The unlinking of bolt');
  });

  it('lose an erased user wherever they are at that moment', async () => {
    const { context } = stage;
    const users = Array.from({ length: 60 }, (_, number) => `user ${number}`);
    for (const user of users) await at(bolt, user);
    const erased = users.filter((_, place) => place % 2 === 0);
    const erasing = async () => {
      for (const user of erased) await eraseSubject(stage.another(), user, BY);
    };
    await Promise.all([link(), erasing()]);
    expect(await context.db('pseudonyms').select()).toHaveLength(users.length - erased.length);
    const again = ['user 1', 'user 3', 'user 5'];
    for (const user of again) await at(acme, user);
    await Promise.all([
      unlink(),
      (async () => {
        for (const user of again) await eraseSubject(stage.another(), user, BY);
      })(),
    ]);
    for (const user of again) {
      for (const { sector } of [acme, bolt]) {
        const key = userIndex(context.keyring.index, sector, user);
        expect(await context.db('pseudonyms').where({ user_index: key })).toEqual([]);
      }
    }
  });

  it('take no users from files, and are not handed over, while they are linked', async () => {
    await link();
    const derive = () => {
      throw new Error('every row brings its own');
    };
    async function* rows() {
      yield { line: 1, localSubject: 'alice', sub: 'of alice' };
    }
    for (const sector of [ACME, BOLT]) {
      const request = { sector, given: true, mayPreserve: false, dryRun: false, derive };
      const importing = importSubjects(stage.context, { ...request, rows: rows() }, BY);
      await expect(importing).rejects.toThrow('is linked into "acme.example"');
    }
    const { db } = stage.context;
    expect(await db('pseudonyms').select()).toEqual([]);
    await db('clients').del();
    await expect(
      inTransaction(db, (trx) => deleteVendor(trx, 'bolt', stage.context.clock())),
    ).rejects.toThrow('it stays reserved');
  });
});

import { beforeEach, expect, it } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { destroyDueSalts, rotateSalt, saltStatus } from '../../../src/operations/salt-rotation.ts';
import { Salts, SaltMismatchError } from '../../../src/subjects/salts/store.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { ConflictError } from '../../../src/vendors/problem.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { NOW, SALT } from '../subjects/replica.ts';
import type { Stage } from './lifecycle.ts';
import { BY, setStage } from './lifecycle.ts';

const DAY = 24 * 3600 * 1000;

describeOnEachDialect('rotating the salt', (open) => {
  let stage: Stage;
  let acme: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    acme = await stage.client('acme.example');
  });

  const request = { graceDays: 90, algorithm: 'hmac-sha256' } as const;

  it('derives new users from the new version, and changes nobody’s subject', async () => {
    const { replica, context } = stage;
    const alice = await replica.subjectOf(acme, 'alice');
    expect(await rotateSalt(context, request, BY)).toMatchObject({ version: 2 });
    expect(await replica.subjectOf(acme, 'alice')).toBe(alice);
    await replica.subjectOf(acme, 'bob');
    expect(await saltStatus(context)).toMatchObject([
      { version: 1, state: 'retired', pseudonyms: 1 },
      { version: 2, state: 'active', pseudonyms: 1, destroyAfter: undefined },
    ]);
  });

  it('lets one of two operators win', async () => {
    const { context, another } = stage;
    const both = await Promise.allSettled(
      [context, another()].map((one) => rotateSalt(one, request, BY)),
    );
    for (const one of both) {
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(ConflictError);
    }
    const won = both.filter(({ status }) => status === 'fulfilled').length;
    const versions = await saltStatus(context);
    expect(versions).toHaveLength(1 + won);
    expect(versions.filter(({ state }) => state === 'active')).toHaveLength(1);
  });

  it('destroys the old version when its grace is over, and still tells another PAIRWISE_SALT', async () => {
    const { replica, context, database, later } = stage;
    await replica.subjectOf(acme, 'alice');
    await rotateSalt(context, request, BY);
    later(90 * DAY - 1);
    expect(await destroyDueSalts(context)).toBe(0);
    later(1);
    expect(await destroyDueSalts(context)).toBe(1);
    expect(await destroyDueSalts(context)).toBe(0);
    const row = await database.db('salts').where({ version: 1 }).first<{ salt: Buffer }>('salt');
    const place = { table: 'salts', column: 'salt', row: '1' };
    expect(context.atRest.open(place, row.salt).equals(SALT)).toBe(false);

    const { atRest } = replica;
    const opened = { db: database.db, atRest, algorithm: 'hmac-sha256', clock: () => NOW } as const;
    await Salts.open({ ...opened, pairwiseSalt: SALT });
    const other = Salts.open({ ...opened, pairwiseSalt: Buffer.alloc(32, 1) });
    await expect(other).rejects.toThrow(SaltMismatchError);
    const acts = await database.db('audit_log').orderBy('position').select('act');
    expect(acts).toEqual([{ act: 'salt.rotated' }, { act: 'salt.destroyed' }]);
  });

  it('keeps a version that somebody still derives from', async () => {
    const { replica, context, database, later } = stage;
    await replica.subjectOf(acme, 'alice');
    await rotateSalt(context, request, BY);
    await database
      .db('pseudonyms')
      .where({ sector: bytes('acme.example') })
      .update({ created_at: NOW.getTime() + DAY });
    later(91 * DAY);
    expect(await destroyDueSalts(context)).toBe(0);
    expect(await saltStatus(context)).toMatchObject([{ state: 'retired' }, { state: 'active' }]);
  });
});

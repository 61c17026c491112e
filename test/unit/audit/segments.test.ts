import { expect, test } from 'vitest';

import { listAudit, readSegment } from '../../../src/audit/read-store.ts';
import { dayOf, noteLastUse } from '../../../src/audit/segment-store.ts';
import { appendAudit, forgetUser } from '../../../src/audit/store.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { readDailyCounts } from '../../../src/database/daily-activity.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { act, meet, met, NOW, SECTOR, segment, user } from './log.ts';

interface Held {
  readonly day: string;
  readonly made: Readonly<Record<string, readonly string[]>>;
  readonly used: Readonly<Record<string, readonly string[]>>;
}

describeOnEachDialect('segments of pseudonyms', (open) => {
  test('hold by handle who was given a pseudonym and used it, under one row of the chain', async () => {
    const { db } = await open.fresh();
    await meet(db, [1, 2]);
    expect(await segment(db, [met(1, { made: true }), met(2)])).toBe(1);
    const held = JSON.parse((await readSegment(db, 1)) ?? '') as Held;
    expect(held.day).toBe('2026-11-23');
    expect(held.made[SECTOR]).toHaveLength(1);
    expect(held.used[SECTOR]).toHaveLength(2);
    expect(held.used[SECTOR]).toContain(held.made[SECTOR]?.[0]);
    const [row] = await listAudit(db, {}, { limit: 1 });
    expect(row).toMatchObject({ act: 'pseudonyms.recorded', details: { made: 1, used: 2 } });
    expect(await verifyAudit(db)).toMatchObject({ intact: true, rows: 1, segments: 1 });
    const stored = JSON.stringify(await db('audit_segments').select('*'));
    expect(stored).not.toContain('p1');
  });

  test('hold one use a day, and the last day stands beside the pseudonym', async () => {
    const { db } = await open.fresh();
    await meet(db, [1]);
    const tomorrow = new Date(NOW.getTime() + 86_400_000);
    expect(await segment(db, [met(1)])).toBe(1);
    await inTransaction(db, (trx) => noteLastUse(trx, [met(1)], NOW));
    expect(await segment(db, [met(1)])).toBeUndefined();
    expect(await segment(db, [met(1)], tomorrow)).toBe(2);
    await inTransaction(db, (trx) => noteLastUse(trx, [met(1)], tomorrow));
    await inTransaction(db, (trx) => noteLastUse(trx, [met(1)], NOW));
    expect(await db('pseudonyms').first('last_used_day')).toEqual({
      last_used_day: dayOf(tomorrow),
    });
  });

  test('are counted by day, of nobody in particular', async () => {
    const { db } = await open.fresh();
    await meet(db, [1, 2]);
    const tomorrow = new Date(NOW.getTime() + 86_400_000);
    await segment(db, [met(1, { made: true }), met(2)]);
    await segment(db, [met(2, { made: true })]);
    await segment(db, [met(1)], tomorrow);
    expect([...(await readDailyCounts(db, dayOf(NOW)))]).toEqual([
      [dayOf(NOW), { made: 2, seen: 3 }],
      [dayOf(tomorrow), { made: 0, seen: 1 }],
    ]);
    expect((await readDailyCounts(db, dayOf(tomorrow))).size).toBe(1);
  });

  test('leave no trace of a user who was erased before they were written', async () => {
    const { db } = await open.fresh();
    await meet(db, [1]);
    expect(await segment(db, [met(2, { made: true })])).toBeUndefined();
    expect(await db('audit_handles').first()).toBeUndefined();
  });

  test('an erasure that runs at the same time leaves no handle behind', async () => {
    const database = await open.fresh();
    const { db } = database;
    const other = database.connect();
    for (let n = 1; n <= 12; n += 1) {
      await meet(db, [n]);
      await Promise.all([
        segment(db, [met(n, { made: true })]),
        inTransaction(other, async (trx) => {
          await trx('pseudonyms')
            .where({ user_index: user(n).userIndex })
            .delete();
          await forgetUser(trx, user(n));
          await appendAudit(trx, act('someone'), NOW);
        }),
      ]);
    }
    expect(await db('audit_handles').select('*')).toEqual([]);
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });
});

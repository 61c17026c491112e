import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { eachAudit, listAudit } from '../../../src/audit/read-store.ts';
import { appendAudit, appendAudits, forgetUser, readHead } from '../../../src/audit/store.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { act, append, NOW, user } from './log.ts';

describeOnEachDialect('the audit log', (open) => {
  test('is empty and intact at first, counts from 1, and gives back what was appended', async () => {
    const { db } = await open.fresh();
    expect(await verifyAudit(db)).toMatchObject({ intact: true, rows: 0 });
    const details = { fields: 'scope redirect_uris', 'wé"ird': null, n: 7, yes: true };
    const more = { reason: 'ticket 42, “wéll”', requestId: 'r-1', details };
    expect(await append(db, act('acme-wéb', more))).toBe(1);
    expect(await append(db, act('b'))).toBe(2);
    const [second, first] = await listAudit(db, {}, { limit: 10 });
    expect(first).toMatchObject({ position: 1, at: NOW, target: 'acme-wéb', ...more });
    expect(second).toMatchObject({ position: 2, actor: 'cli:ada', reason: undefined });
    expect(await verifyAudit(db)).toMatchObject({ intact: true, rows: 2 });
  });

  test('an act that fails leaves neither a row nor a gap nor another head', async () => {
    const { db } = await open.fresh();
    await append(db, act('a'));
    const before = await readHead(db);
    const failing = inTransaction(db, async (trx) => {
      await appendAudit(trx, act('b', { user: user(1) }), NOW);
      throw new Error('later step');
    });
    await expect(failing).rejects.toThrow('later step');
    expect(await readHead(db)).toEqual(before);
    expect(await db('audit_handles').first()).toBeUndefined();
    expect(await append(db, act('c'))).toBe(2);
    expect(await verifyAudit(db)).toMatchObject({ intact: true, rows: 2 });
  });

  test('is one chain whatever replicas append at once', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect()];
    const positions = await Promise.all(
      Array.from({ length: 45 }, (_, n) =>
        inTransaction(replicas[n % 3] ?? database.db, async (trx) => {
          const position = await appendAudit(trx, act(`c${n}`, { user: user(n % 5) }), NOW);
          await sleep(n % 4);
          return position;
        }),
      ),
    );
    expect(positions.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 45 }, (_, n) => n + 1),
    );
    expect(await verifyAudit(database.db)).toMatchObject({ intact: true, rows: 45 });
    expect(await database.db('audit_handles').count({ n: '*' })).toEqual([{ n: 5 }]);
  });

  test('takes many acts at once, in their order', async () => {
    const { db } = await open.fresh();
    const acts = Array.from({ length: 250 }, (_, n) => ({ entry: act(`c${n}`), at: NOW }));
    expect(await inTransaction(db, (trx) => appendAudits(trx, acts))).toBe(250);
    expect(await inTransaction(db, (trx) => appendAudits(trx, []))).toBe(250);
    const targets: string[] = [];
    for await (const { target } of eachAudit(db)) targets.push(target);
    expect(targets).toEqual(acts.map(({ entry }) => entry.target));
    expect(await verifyAudit(db)).toMatchObject({ intact: true, rows: 250 });
  });

  test('a user appears by the same handle each time, by another one after erasure, and the chain still verifies', async () => {
    const { db } = await open.fresh();
    await append(db, act('a', { user: user(1) }));
    await append(db, act('a', { user: user(1) }));
    await append(db, act('a', { user: user(2) }));
    await inTransaction(db, (trx) => forgetUser(trx, user(1)));
    expect(await verifyAudit(db)).toMatchObject({ intact: true, rows: 3 });
    await append(db, act('a', { user: user(1) }));
    const [back, other, again, first] = await listAudit(db, {}, { limit: 4 });
    expect(first?.handle).toMatch(/^[\w-]{22}$/);
    expect(again?.handle).toBe(first?.handle);
    expect(other?.handle).not.toBe(first?.handle);
    expect(back?.handle).not.toBe(first?.handle);
    expect(await listAudit(db, { handle: first?.handle ?? '' }, { limit: 9 })).toHaveLength(2);
  });

  test('is listed by act, beginning of an act, actor, target and time, and page by page', async () => {
    const { db } = await open.fresh();
    await append(db, act('a', { act: 'security.code_replayed', actor: 'system' }));
    await append(db, act('a', { act: 'security.refresh_replayed', actor: 'system' }));
    await append(db, act('b', { act: 'client.created' }), new Date(NOW.getTime() + 1000));
    const positions = async (filter: Parameters<typeof listAudit>[1]) =>
      (await listAudit(db, filter, { limit: 9 })).map(({ position }) => position);
    expect(await positions({ act: 'security.code_replayed' })).toEqual([1]);
    expect(await positions({ act: 'security.*' })).toEqual([2, 1]);
    expect(await positions({ act: 'code' })).toEqual([]);
    expect(await positions({ actor: 'cli:ada' })).toEqual([3]);
    expect(await positions({ target: 'a', act: 'client.*' })).toEqual([]);
    expect(await positions({ since: new Date(NOW.getTime() + 1) })).toEqual([3]);
    expect(await positions({ until: new Date(NOW.getTime() + 1) })).toEqual([2, 1]);
    const [last] = await listAudit(db, {}, { limit: 1, before: 3 });
    expect(last?.position).toBe(2);
  });
});

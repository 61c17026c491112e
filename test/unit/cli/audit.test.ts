import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { act, append, meet, met, segment } from '../audit/log.ts';
import { environmentOn, itemsOf, run } from './command-line.ts';
import type { Ran } from './command-line.ts';

describe('audit commands', () => {
  let database: TestDatabase;

  const command = (...argv: readonly string[]): Promise<Ran> =>
    run(environmentOn(database.location), ['audit', ...argv]);

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    // The roots are made before there is anything that would need them.
    await command('verify');
    for (const n of [1, 2, 3]) await append(database.db, act(`c${n}`, { reason: `why ${n}` }));
    await meet(database.db, [1]);
    await segment(database.db, [met(1, { made: true })]);
  });

  afterAll(() => database.close());

  test('list goes from page to page by its next, newest first', async () => {
    const first = await command('list', '--limit', '3', '--json');
    expect(itemsOf(first).map(({ position }) => position)).toEqual([4, 3, 2]);
    const { next } = first.json();
    const second = await command('list', '--limit', '3', '--cursor', String(next), '--json');
    expect(itemsOf(second).map(({ position }) => position)).toEqual([1]);
    expect(second.json()['next']).toBeNull();
    expect((await command('list', '--limit', '2')).stdout).toContain('more with --cursor 3');
  });

  test('list takes filters together', async () => {
    const found = await command('list', '--act', 'client.*', '--target', 'c2', '--json');
    expect(itemsOf(found)).toMatchObject([{ actor: 'cli:ada', reason: 'why 2' }]);
    const none = await command('list', '--until', '2020-01-01', '--json');
    expect(itemsOf(none)).toEqual([]);
  });

  test('export prints every row oldest first, and what the segments hold', async () => {
    const lines = (await command('export')).stdout.trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    expect(rows[3]).toMatchObject({ segment: { day: '2026-11-23' } });
  });

  test('verify prints the head, takes it back, and ends with 5 where something was changed', async () => {
    const good = await command('verify', '--json');
    expect(good.exit).toBe(0);
    const { head } = good.json();
    expect(good.json()).toMatchObject({ intact: true, rows: 4, segments: 1, items: [] });
    expect((await command('verify', '--head', String(head))).exit).toBe(0);
    await database
      .db('audit_log')
      .where({ position: 2 })
      .update({ actor: Buffer.from('cli:eve') });
    const bad = await command('verify', '--json');
    expect(bad.exit).toBe(5);
    expect(itemsOf(bad)).toMatchObject([{ kind: 'row_changed', position: 2 }]);
    expect((await command('verify')).stdout).toContain('damaged');
  });

  test.each([
    [['list', '--act', 'nothing.done'], 'docs/audit.md'],
    [['list', '--limit', '0'], '1 to 1000'],
    [['list', '--since', 'yesterday'], '2026-11-23'],
    [['verify', '--head', '12'], 'POSITION:HASH'],
  ])('%j ends with 2 and says what would be right', async (argv, said) => {
    const ran = await command(...argv);
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain(said);
  });
});

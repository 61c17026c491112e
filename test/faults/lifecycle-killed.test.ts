import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test, vi } from 'vitest';

import { listAudit } from '../../src/audit/read-store.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { Connection } from '../../src/database/connection.ts';
import type { Client } from '../../src/vendors/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { describeOnEachDialect } from '../support/database.ts';
import { setStage } from '../unit/operations/lifecycle.ts';
import type { Stage } from '../unit/operations/lifecycle.ts';
import { NOW } from '../unit/subjects/replica.ts';
import type { Work } from './lifecycle-worker.ts';
import { ACTS, nameOf, OTHER, SECTOR } from './lifecycle-worker.ts';

const WORKER = new URL('./lifecycle-worker.ts', import.meta.url);
const MINUTE = 60_000;

interface Killing {
  readonly kills: number;
  /** The first one falls within so many steps. */
  readonly steps: number;
  /** After each. */
  readonly check: () => Promise<void>;
  /** Where the work would be begun anew: whether it was done when the process was killed. */
  readonly isDone?: () => Promise<boolean>;
}

/** Lets a process work and kills it at some moment, again and again, until one is done or left alone. */
async function killAgainAndAgain(
  { location }: TestDatabase,
  work: Pick<Work, 'act' | 'users'>,
  { kills, steps, check, isDone }: Killing,
): Promise<void> {
  for (let round = 0; ; round += 1) {
    // A minute later each time: nobody waits for the lease of the one who was killed.
    const now = NOW.getTime() + round * MINUTE;
    const worker = fork(WORKER, [JSON.stringify({ ...work, location, now })]);
    const ended = once(worker, 'exit') as Promise<[number | null, string | null]>;
    if (round < kills) {
      // What is done already passes by once more.
      const step = Math.floor(Math.random() * steps * (round + 1)) + 1;
      await Promise.race([told(worker, step), ended]);
      // Somewhere in the next step.
      await Promise.race([sleep(Math.random() * 30), ended]);
      worker.kill('SIGKILL');
    }
    const [code, signal] = await ended;
    await check();
    if (signal !== 'SIGKILL') expect(code).toBe(0);
    if (signal !== 'SIGKILL' || (await isDone?.()) === true) return;
  }
}

/** When a process has told of so many steps, its beginning being the first. */
async function told(worker: ChildProcess, steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) await once(worker, 'message');
}

async function detailsOf(db: Connection, act: string): Promise<Record<string, unknown>[]> {
  const rows = await listAudit(db, { act }, { limit: 1000 });
  return rows.map(({ details }) => ({ ...details }));
}

async function countIn(db: Connection, table: string, where: object = {}): Promise<number> {
  const [row] = await db(table).where(where).count<{ n: number }[]>({ n: '*' });
  return Number(row?.n);
}

/** The subjects of some users at a client. */
async function logIn({ replica }: Stage, client: Client, users: number): Promise<string[]> {
  const subs = [];
  for (let user = 0; user < users; user += 1) {
    subs.push(await replica.subjectOf(client, nameOf(user)));
  }
  return subs;
}

// A process begins anew several times, each time with all that it has to load.
vi.setConfig({ testTimeout: 240_000 });

describeOnEachDialect('a process that is killed', (open) => {
  test('while it links users has linked whole batches, and the same file completes it', async () => {
    const database = await open.fresh();
    const { db } = database;
    const stage = await setStage(database);
    const client = await stage.client(SECTOR);
    const users = 600;
    await ACTS.import(stage.context, { first: 0, last: users, onProgress: () => undefined });
    await killAgainAndAgain(
      database,
      { act: 'link', users },
      {
        ...{ kills: 2, steps: 2 },
        check: async () => {
          const linked = await countIn(db, 'former_names');
          expect(linked === users ? 0 : linked % 250).toBe(0);
          expect(await countIn(db, 'tombstones')).toBe(linked);
          expect(await countIn(db, 'pseudonyms')).toBe(users);
          const recorded = await detailsOf(db, 'subjects.linked');
          expect(recorded.reduce((sum, { linked: some }) => sum + Number(some), 0)).toBe(linked);
        },
      },
    );
    expect(await countIn(db, 'former_names')).toBe(users);
    for (const user of [0, 249, 250, users - 1]) {
      for (const name of [nameOf(user), `new-${nameOf(user)}`]) {
        expect(await stage.replica.subjectOf(client, name)).toBe(`of-${nameOf(user)}`);
      }
    }
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });

  test('in an import has imported whole batches, and the same file completes it', async () => {
    const database = await open.fresh();
    const { db } = database;
    const stage = await setStage(database);
    await stage.client(SECTOR);
    const users = 4_500;
    await killAgainAndAgain(
      database,
      { act: 'import', users },
      {
        ...{ kills: 2, steps: 2 },
        check: async () => {
          const stands = await countIn(db, 'pseudonyms');
          expect(stands === users ? 0 : stands % 1000).toBe(0);
          const recorded = await detailsOf(db, 'subjects.imported');
          const created = recorded.reduce((sum, details) => sum + Number(details['created']), 0);
          expect(created).toBe(stands);
          expect(await verifyAudit(db)).toMatchObject({ intact: true });
        },
      },
    );
    expect(await countIn(db, 'pseudonyms', { generation: 1, given_original: true })).toBe(users);
    for (const user of [0, 999, 1000, users - 1]) {
      const behind = await stage.replica.subjects.lookup(SECTOR, `of-${nameOf(user)}`);
      expect(behind).toBe(nameOf(user));
    }
  });

  test('in a rotation has rotated each user or not, and the next one completes it', async () => {
    const database = await open.fresh();
    const { db } = database;
    const stage = await setStage(database);
    const acme = await stage.client(SECTOR);
    const bolt = await stage.client(OTHER);
    const users = 60;
    const old = [...(await logIn(stage, acme, users)), ...(await logIn(stage, bolt, users))];
    await ACTS.import(stage.context, { first: users, last: 1200, onProgress: () => undefined });
    const all = 1200 + users;
    await killAgainAndAgain(
      database,
      { act: 'rotate', users },
      {
        ...{ kills: 2, steps: 3 },
        isDone: async () => (await detailsOf(db, 'subjects.rotated')).length > 0,
        check: async () => {
          const retired = await countIn(db, 'pseudonyms', { generation: 1 });
          expect(retired).toBe(all);
          const newest = await db('pseudonyms').whereNull('retired_at').select('user_index');
          expect(newest).toHaveLength(all);
          const rotated = await countIn(db, 'pseudonyms', { generation: 2 });
          expect(await countIn(db, 'subject_changes')).toBe(rotated);
          const [run] = await db('subject_rotations').select<{ rotated: number }[]>('rotated');
          const done = await detailsOf(db, 'subjects.rotated');
          if (done.length === 0) expect(run?.rotated ?? 0).toBe(rotated);
          expect(await countIn(db, 'pseudonyms')).toBe(all + rotated);
        },
      },
    );
    expect(await detailsOf(db, 'subjects.rotated')).toMatchObject([{ rotated: all }]);
    expect(await countIn(db, 'subject_rotations')).toBe(0);
    expect(await countIn(db, 'pseudonyms', { generation: 2 })).toBe(all);
    const fresh = [...(await logIn(stage, acme, users)), ...(await logIn(stage, bolt, users))];
    expect(new Set([...old, ...fresh]).size).toBe(4 * users);
    for (const [place, sub] of fresh.entries()) {
      const sector = place < users ? SECTOR : OTHER;
      expect(await stage.replica.subjects.lookup(sector, sub)).toBe(nameOf(place % users));
    }
  });

  test('while it links two sectors, or parts them, has done so with each user or not, and is completed', async () => {
    const database = await open.fresh();
    const { db } = database;
    const stage = await setStage(database);
    const acme = await stage.client(SECTOR);
    const bolt = await stage.client(OTHER);
    const [users, both] = [600, 40];
    await ACTS.import(stage.context, { first: 0, last: users, onProgress: () => undefined });
    const old = await logIn(stage, bolt, both);
    const newest = () => countIn(db, 'pseudonyms', { retired_at: null });
    const run = async () =>
      (await db('subject_rotations').select<Record<string, number>[]>()).at(0);
    await killAgainAndAgain(
      database,
      { act: 'linkSectors', users },
      {
        ...{ kills: 2, steps: 2 },
        check: async () => {
          expect(await countIn(db, 'pseudonyms')).toBe(users + both);
          const left = await countIn(db, 'pseudonyms', { sector: Buffer.from(SECTOR) });
          expect(await countIn(db, 'tombstones')).toBe(users - left);
          expect((await run())?.['rotated'] ?? users - left).toBe(users - left);
          const merged = users + both - (await newest());
          expect(await countIn(db, 'subject_changes')).toBe(merged);
        },
      },
    );
    expect(await detailsOf(db, 'sectors.carried')).toMatchObject([
      { carried: users, merged: both },
    ]);
    expect(await logIn(stage, bolt, both)).toEqual(old);
    expect(await logIn(stage, acme, both)).toEqual(old);
    expect(await stage.replica.subjectOf(bolt, nameOf(users - 1))).toBe(`of-${nameOf(users - 1)}`);
    await killAgainAndAgain(
      database,
      { act: 'unlinkSectors', users },
      {
        ...{ kills: 2, steps: 2 },
        isDone: async () => (await detailsOf(db, 'sectors.parted')).length > 0,
        // Whom both know has a newest one in each.
        check: async () => {
          const isLinked = (await countIn(db, 'sector_links')) > 0;
          const shared = (await run())?.['changed'] ?? (isLinked ? 0 : both + 1);
          expect((await newest()) - users).toBe(shared);
        },
      },
    );
    expect(await detailsOf(db, 'sectors.parted')).toMatchObject([{ shared: both + 1 }]);
    expect(await countIn(db, 'sector_links')).toBe(0);
    expect(await logIn(stage, bolt, both)).toEqual(old);
    const fresh = await logIn(stage, acme, both);
    expect(new Set([...old, ...fresh]).size).toBe(2 * both);
    expect(await stage.replica.subjectOf(acme, nameOf(both))).toBe(`of-${nameOf(both)}`);
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });

  test('in erasures leaves all of each user or nothing', async () => {
    const database = await open.fresh();
    const { db } = database;
    const stage = await setStage(database);
    const clients = [await stage.client(SECTOR), await stage.client(OTHER)];
    const users = 24;
    const old: string[] = [];
    for (const client of clients) old.push(...(await logIn(stage, client, users)));
    await killAgainAndAgain(
      database,
      { act: 'erase', users },
      {
        ...{ kills: 2, steps: 8 },
        check: async () => {
          const done = await detailsOf(db, 'subject.erased');
          const erased = done.filter(({ sectors }) => sectors === 2).length;
          expect(done.filter(({ sectors }) => sectors !== 0)).toHaveLength(erased);
          for (const table of ['pseudonyms', 'sessions']) {
            expect([table, await countIn(db, table)]).toEqual([table, 2 * (users - erased)]);
          }
          for (const table of ['tombstones', 'subject_marks']) {
            expect([table, await countIn(db, table)]).toEqual([table, 2 * erased]);
          }
          expect(await verifyAudit(db)).toMatchObject({ intact: true });
        },
      },
    );
    expect(await countIn(db, 'tombstones')).toBe(2 * users);
    for (const client of clients) {
      expect(old).not.toContain(await stage.replica.subjectOf(client, nameOf(7)));
    }
  });
});

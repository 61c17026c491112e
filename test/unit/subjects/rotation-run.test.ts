import { afterAll, describe, expect, it } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { rotateSubjects } from '../../../src/operations/rotate-subjects.ts';
import {
  advanceRun,
  finishRun,
  incompleteRun,
  takeRun,
} from '../../../src/subjects/rotation-run.ts';
import { ConflictError } from '../../../src/vendors/problem.ts';
import type { Opener } from '../../support/database.ts';
import { describeOnEachDialect, freshDatabase } from '../../support/database.ts';
import { BY, setStage } from '../operations/lifecycle.ts';

const WANTED = { scope: 'all', graceDays: 7, endSessions: true } as const;
const clock = () => new Date();

describeOnEachDialect('a rotation of many users', (open: Opener) => {
  it('is taken up by one of many processes that begin it at one moment', async () => {
    const database = await open.fresh();
    const dbs = [database.db, database.connect(), database.connect(), database.connect()];
    for (const db of dbs) await db.raw('select 1');
    for (let round = 0; round < 4; round += 1) {
      let now = Date.now();
      // Each look is later than the one before, so that no lease ever ends by the wall clock.
      const runs = await Promise.all(dbs.map((db) => takeOver(db, () => new Date((now += 1)))));
      const holders = runs.filter((run) => 'holder' in run);
      expect(holders).toHaveLength(1);
      await database.db('subject_rotations').del();
    }
  });

  /** Takes the run, keeping up the lease of whoever has it, as a process at work does. */
  async function takeOver(db: Parameters<typeof takeRun>[0], at: () => Date) {
    const taken = await takeRun(db, WANTED, at);
    if ('occupied' in taken) return taken;
    for (let step = 0; step < 4; step += 1) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const place = { sector: 'acme.example', userIndex: undefined, rotated: step };
      await inTransaction(db, (trx) => advanceRun(trx, taken, place, at()));
    }
    return taken;
  }
});

describe('a rotation whose process is gone', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterAll(() => Promise.all(opened.map((one) => one.close())));
  const fresh = async () => {
    const database = await freshDatabase('sqlite');
    opened.push(database);
    return database;
  };

  it.each([
    ['vendor:acme', 'rotation', 'The rotation of vendor:acme'],
    ['link:a.example b.example', 'link', 'The link of a.example b.example'],
    ['unlink:a.example', 'link', 'The unlinking of a.example'],
  ])('is named to whom it stands in the way of: %s', async (scope, kind, what) => {
    const { db } = await fresh();
    expect(await inTransaction(db, incompleteRun)).toBeUndefined();
    await db('subject_rotations').insert({
      ...{ slot: 1, scope: bytes(scope), holder: bytes('dead'), lease_until: 0 },
      ...{ started_at: 0, grace_days: 3, end_sessions: false, rotated: 0 },
    });
    const text = `${what} is not complete: complete it first.`;
    expect(await inTransaction(db, incompleteRun)).toEqual({ kind, text });
  });

  it('is waited for until its lease ends, and then gone on with where it was', async () => {
    const { db } = await fresh();
    const begun = Date.now();
    const userIndex = Buffer.alloc(32, 5);
    await db('subject_rotations').insert({
      ...{ slot: 1, scope: bytes('all'), holder: bytes('dead'), lease_until: begun + 500 },
      ...{ started_at: begun, grace_days: 3, end_sessions: false, rotated: 12 },
      ...{ sector: bytes('acme.example'), user_index: userIndex },
    });
    expect(await takeRun(db, WANTED, clock)).toMatchObject({
      ...{ resumed: true, rotated: 12, sector: 'acme.example', userIndex },
      // As it was begun, whatever is asked for now.
      ...{ graceDays: 3, endSessions: false },
    });
    expect(Date.now()).toBeGreaterThanOrEqual(begun + 500);
  });

  it('is not begun where the database does not take it', async () => {
    const { db } = await fresh();
    await db.raw(
      "create trigger fault before insert on subject_rotations begin select raise(abort, 'full'); end",
    );
    await expect(takeRun(db, WANTED, clock)).rejects.toThrow(/full/);
  });

  it('belongs to whoever took it over, and to nobody else', async () => {
    const { db } = await fresh();
    let now = 0;
    const take = () => takeRun(db, WANTED, () => new Date((now += 10_000)));
    const [first, second] = [await take(), await take()];
    if ('occupied' in first || 'occupied' in second) throw new Error('occupied');
    const place = { sector: 'acme.example', userIndex: undefined, rotated: 1 };
    const advance = (run: typeof first) =>
      inTransaction(db, (trx) => advanceRun(trx, run, place, new Date(now)));
    expect(await advance(first)).toBe(false);
    expect(await inTransaction(db, (trx) => finishRun(trx, first))).toBe(false);
    expect(await advance(second)).toBe(true);
    expect(await inTransaction(db, (trx) => finishRun(trx, second))).toBe(true);
  });

  it('tells a process that was taken for dead to stop, and nobody is rotated twice', async () => {
    const database = await fresh();
    const stage = await setStage(database);
    const acme = await stage.client('acme.example');
    await stage.client('bolt.example');
    for (let user = 0; user < 3; user += 1) await stage.replica.subjectOf(acme, `user ${user}`);
    const request = { scope: { all: true }, graceDays: 7, endSessions: false } as const;
    // The second sector has no users; before it, somebody else takes the rotation.
    const stolen = rotateSubjects(
      stage.context,
      {
        ...request,
        onProgress: () =>
          void database
            .db('subject_rotations')
            .update({ holder: bytes('x') })
            .then(() => undefined),
      },
      BY,
    );
    await expect(stolen).rejects.toThrow(ConflictError);
    stage.later(60_000);
    expect(await rotateSubjects(stage.another(), request, BY)).toMatchObject({ resumed: true });
    expect(await database.db('pseudonyms').whereNull('retired_at').select('sub')).toHaveLength(3);
    expect(await database.db('pseudonyms').max({ newest: 'generation' })).toEqual([{ newest: 2 }]);
  });
});

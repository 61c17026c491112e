import { beforeEach, describe, expect, it } from 'vitest';

import { findHandle } from '../../../src/audit/store.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { insertDelivery } from '../../../src/database/logout-deliveries.ts';
import { putReference } from '../../../src/database/references.ts';
import { readMarks } from '../../../src/database/subject-marks.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { exportSubject } from '../../../src/operations/export-subject.ts';
import { lookupSubject } from '../../../src/operations/lookup-subject.ts';
import { rotateSubject } from '../../../src/operations/rotate-subject.ts';
import { USER_TABLES } from '../../../src/subjects/erase.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { freshCode, freshSession, NOW } from '../subjects/replica.ts';
import type { Stage } from './lifecycle.ts';
import { BY, setStage } from './lifecycle.ts';

/** Tables that keep the index of a user, and are erased by name in `eraseInSector` or elsewhere. */
const ERASED_OTHERWISE = [
  ...['pseudonyms', 'sealed_references', 'audit_handles'],
  // How far a rotation is; gone when it is done.
  'subject_rotations',
];

describeOnEachDialect('erasing a user', (open) => {
  let stage: Stage;
  let acme: Client;
  let bolt: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    [acme, bolt] = [await stage.client('acme.example'), await stage.client('bolt.example')];
  });

  const indexIn = (sector: string, user = 'alice'): Buffer =>
    userIndex(stage.replica.keyring.index, sector, user);

  it('leaves no row of the user in any table, and every row of others', async () => {
    const { replica, context, database } = stage;
    const { db } = database;
    for (const client of [acme, bolt]) {
      for (const user of ['alice', 'bob']) await replica.subjectOf(client, user);
    }
    const request = { sector: 'acme.example', localSubject: 'alice', graceDays: 90 };
    await rotateSubject(context, { ...request, endSessions: false }, BY);
    const sub = await replica.subjectOf(acme, 'alice');
    await lookupSubject(context, { clientId: acme.clientId, sub }, BY);
    const until = new Date(NOW.getTime() + 1000);
    await putReference(db, 'access_token', bytes('x'), until, indexIn('acme.example'));
    await putReference(db, 'access_token', bytes('y'), until, indexIn('acme.example', 'bob'));
    const times = { now: NOW, expiresAt: until };
    const told = { clientId: acme.clientId, sid: undefined };
    await inTransaction(db, async (trx) => {
      await insertDelivery(trx, context.atRest, { ...told, sub }, times);
      await insertDelivery(trx, context.atRest, { ...told, sub: 'of somebody else' }, times);
    });
    await db('phase_changes').insert({
      ...{ client_id: bytes(acme.clientId), version: 1, phase: 'pairwise', percent: null },
      pilot_users: JSON.stringify([indexIn('acme.example').toString('base64url')]),
      ...{ actor: 'cli:ada', change_position: 1, at: 1 },
    });

    const erasure = await eraseSubject(context, 'alice', BY);

    expect(erasure).toMatchObject({ erased: true, sectors: 2, pseudonyms: 3, sessions: 3 });
    for (const table of [...USER_TABLES, ...ERASED_OTHERWISE]) {
      for (const sector of ['acme.example', 'bolt.example']) {
        const rows: unknown[] = await db(table).where({ user_index: indexIn(sector) });
        expect([table, rows]).toEqual([table, []]);
      }
    }
    expect(await db('pseudonyms').select()).toHaveLength(2);
    expect(await db('sessions').select()).toHaveLength(2);
    expect(await db('sealed_references').select()).toHaveLength(1);
    expect(await db('logout_deliveries').select()).toHaveLength(1);
    // A list that names nobody any more must not open `pairwise` to everybody.
    expect(await db('phase_changes').first('pilot_users', 'percent')).toEqual({
      ...{ pilot_users: '[]', percent: 0 },
    });
    const everything = await dump(stage);
    for (const sector of ['acme.example', 'bolt.example']) {
      expect(everything).not.toContain(indexIn(sector).toString('base64url'));
      expect(everything).not.toContain(indexIn(sector).toString('hex'));
    }
    expect((await exportSubject(context, 'alice', BY)).sectors).toEqual([]);
  });

  it('is proved by the audit log, which names nobody', async () => {
    const { replica, context, database } = stage;
    const sub = await replica.subjectOf(acme, 'alice');
    const { id, auditPosition } = await eraseSubject(context, 'alice', BY);
    const row = await database.db('audit_log').where({ position: auditPosition }).first();
    expect(row).toMatchObject({ act: 'subject.erased', target: bytes(id), handle: null });
    const text = JSON.stringify(row, (_name, value) => printable(value));
    for (const name of ['alice', sub]) expect(text).not.toContain(name);
    const user = { sector: 'acme.example', userIndex: indexIn('acme.example') };
    expect(await findHandle(database.db, user)).toBeUndefined();
  });

  it('gives a user who comes back another pseudonym, each time, and never an earlier one', async () => {
    const { replica, context } = stage;
    const given = new Set([await replica.subjectOf(acme, 'alice')]);
    for (let time = 2; time <= 4; time += 1) {
      await eraseSubject(context, 'alice', BY);
      given.add(await replica.subjectOf(acme, 'alice'));
      expect(given.size).toBe(time);
    }
    expect(await replica.subjects.list('alice', ['acme.example'])).toMatchObject([
      { generation: 4, algorithm: 'random', saltVersion: 0 },
    ]);
  });

  it('ends what was given before, by a mark that ties no two sectors together', async () => {
    const { replica, context, database } = stage;
    for (const client of [acme, bolt]) await replica.subjectOf(client, 'alice');
    await eraseSubject(context, 'alice', BY);
    const marks = await readMarks(database.db);
    expect(marks.size).toBe(2);
    const back = await replica.login(acme, 'alice');
    expect(back.ok && back.value.change).toBeGreaterThanOrEqual(Math.min(...marks.values()));
  });

  it('can be asked for again: nothing is held then', async () => {
    await stage.replica.subjectOf(acme, 'alice');
    await eraseSubject(stage.context, 'alice', BY);
    expect(await eraseSubject(stage.context, 'alice', BY)).toMatchObject({
      ...{ erased: false, sectors: 0, pseudonyms: 0 },
    });
    expect(await eraseSubject(stage.context, 'nobody', BY)).toMatchObject({ erased: false });
  });

  /*
   * The attack: a vendor keeps a code of a user, waits for the erasure, and redeems
   * it. The user would be made anew behind their back.
   */
  it('is not undone by a login from before it', async () => {
    const { replica, context, database } = stage;
    await replica.subjectOf(acme, 'alice');
    await eraseSubject(context, 'alice', BY);
    const since = { change: 0, ended: 'code_invalid' } as const;
    const late = { client: acme, localSubject: 'alice', since };
    expect(
      await replica.subjects.settle({ ...late, spend: freshCode(), session: freshSession() }),
    ).toMatchObject({ ok: false, reason: 'code_invalid' });
    expect(await database.db('pseudonyms').select()).toEqual([]);
    expect(await database.db('sessions').select()).toEqual([]);
  });

  describe('while the user logs in at many replicas', () => {
    it('never leaves an erased pseudonym, and fails no login', async () => {
      const { replica, context, database } = stage;
      const before = await replica.subjectOf(acme, 'alice');
      const others = [await setStage(database), await setStage(database)];
      for (const { replica: other } of others) other.register(acme);
      let erased = false;
      const after: string[] = [];
      const logins = [stage, ...others].map(async ({ replica: one }) => {
        for (let time = 0; time < 15; time += 1) {
          const wasErased = erased;
          const sub = await one.subjectOf(acme, 'alice');
          if (wasErased) after.push(sub);
        }
      });
      await eraseSubject(context, 'alice', BY);
      erased = true;
      await Promise.all(logins);
      after.push(await replica.subjectOf(acme, 'alice'));
      expect(new Set(after).size).toBe(1);
      expect(after).not.toContain(before);
      const rows = await database.db('pseudonyms').select<{ sub: Buffer }[]>('sub');
      expect(rows.map(({ sub }) => sub.toString())).toEqual([after[0]]);
    });
  });

  it('knows every table that keeps the index of a user', async () => {
    const { db } = stage.database;
    const tables: string[] = [];
    const names: { name: string }[] =
      open.dialect === 'sqlite'
        ? await db('sqlite_master').where({ type: 'table' }).select('name')
        : await db('information_schema.tables')
            .where('table_schema', db.raw('database()'))
            .select({ name: 'table_name' });
    for (const { name } of names) {
      if (await db.schema.hasColumn(name, 'user_index')) tables.push(name);
    }
    expect(tables.toSorted()).toEqual([...USER_TABLES, ...ERASED_OTHERWISE].toSorted());
  });
});

async function dump({ database: { db } }: Stage): Promise<string> {
  const tables = ['changes', 'subject_marks', 'tombstones', 'audit_log', 'phase_changes', 'spent'];
  const rows = await Promise.all(tables.map((table) => db(table).select()));
  return JSON.stringify(rows, (_name, value) => printable(value));
}

/** Bytes in the ways in which a name could be read out of them. */
function printable(value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'data' in value;
  if (!isBuffer) return value;
  const buffer = Buffer.from(value.data as number[]);
  return [buffer.toString('utf8'), buffer.toString('hex'), buffer.toString('base64url')];
}

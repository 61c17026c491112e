import { expect, test } from 'vitest';

import { readNotice, writeNotice } from '../../../src/database/notices.ts';
import { putReference } from '../../../src/database/references.ts';
import { Notices } from '../../../src/grants/notices.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const at = new Date(2_000);
const reader = (clientId: string, fill: number) => ({
  clientId,
  sector: 'acme.example',
  userIndex: Buffer.alloc(32, fill),
});

describeOnEachDialect('notices', (open) => {
  test('are kept for one user of one client, the last in place of the others', async () => {
    const { db } = await open.fresh();
    await writeNotice(db, reader('acme-web', 1), 'first', at);
    await writeNotice(db, reader('acme-web', 1), 'second', at);
    expect(await readNotice(db, reader('acme-web', 1))).toBe('second');
    expect(await readNotice(db, reader('ACME-web', 1))).toBeUndefined();
    expect(await readNotice(db, reader('acme-web', 2))).toBeUndefined();
    expect(await readNotice(db, { ...reader('acme-web', 1), sector: 'b.example' })).toBeUndefined();
  });

  test('written by two replicas at once, are one', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect()];
    await Promise.all(
      replicas.map((db, turn) => writeNotice(db, reader('acme-web', 1), `told ${turn}`, at)),
    );
    expect(await database.db('notices').count({ rows: '*' }).first()).toEqual({ rows: 1 });
  });

  test('come back as they were told', async () => {
    const { db } = await open.fresh();
    const notices = new Notices(db);
    expect(await notices.told(reader('acme-web', 1))).toBeUndefined();
    for (const policyUri of ['https://acme.example/privacy', undefined]) {
      const told = { items: ['claim:name', 'scope:Straße'], policyUri };
      await notices.remember(reader('acme-web', 1), told, at);
      expect(await notices.told(reader('acme-web', 1))).toEqual(told);
    }
  });

  test('that wait are taken once, and not by the name of something else', async () => {
    const database = await open.fresh();
    const expiresAt = new Date(9_000);
    const waiting = await putReference(database.db, 'notice', Buffer.from('sealed'), expiresAt);
    const code = await putReference(database.db, 'code', Buffer.from('sealed'), expiresAt);
    const replicas = [database.db, database.connect(), database.connect()];
    const taken = await Promise.all(replicas.map((db) => new Notices(db).take(waiting, at)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await new Notices(database.db).take(code, at)).toBe(false);
  });
});

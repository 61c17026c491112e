import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { lastChange } from '../../src/database/changes.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { describeOnEachDialect } from '../support/database.ts';
import { act, append, meet } from '../unit/audit/log.ts';

const WRITER = new URL('./audit-writer.ts', import.meta.url);

describeOnEachDialect('a process that is killed while it appends', (open) => {
  test('leaves each act done and recorded, or neither, and a chain that goes on', async () => {
    const database = await open.fresh();
    const { db } = database;
    await meet(db, [1]);
    for (let round = 0; round < 4; round += 1) {
      const writer = fork(WRITER, [JSON.stringify(database.location)]);
      const ended = once(writer, 'exit');
      await once(writer, 'message');
      await sleep(Math.random() * 60);
      writer.kill('SIGKILL');
      await ended;
      const acts = await db('audit_log').where({ act: 'client.updated' }).count({ n: '*' });
      expect(acts).toEqual([{ n: await lastChange(db) }]);
      expect((await verifyAudit(db)).damages).toEqual([]);
    }
    expect(await append(db, act('later', { act: 'client.created' }))).toBeGreaterThan(4);
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });
});

import { expect, it } from 'vitest';

import { AuditRecorder } from '../../../src/audit/recorder.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { lookupSubject } from '../../../src/operations/lookup-subject.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { clientIn, NOW, startReplica } from '../subjects/replica.ts';
import { BY, setStage } from './lifecycle.ts';

/*
 * Handles lead from the audit log to a user, and an erasure destroys them. What was
 * noted of the user before, and is written down after or meanwhile, must not make
 * another one.
 */
describeOnEachDialect('the handle of an erased user', (open) => {
  const recorderOn = (database: TestDatabase) =>
    new AuditRecorder({
      ...{ db: database.connect(), clock: () => NOW },
      log: createLogger({ level: 'fatal', destination: { write: () => undefined } }),
    });

  it('is not made again by logins from before that are recorded late', async () => {
    const database = await open.fresh();
    const stage = await setStage(database);
    const acme = await stage.client('acme.example');
    const recorder = recorderOn(database);
    const replica = await startReplica(database, { witness: recorder });
    replica.register(acme);
    await replica.subjectOf(acme, 'alice');
    await replica.subjectOf(acme, 'bob');
    await eraseSubject(stage.context, 'alice', BY);
    await recorder.flush();
    expect(await database.db('audit_handles').select('handle')).toHaveLength(1);
    // Whoever comes back is somebody else, with a handle of their own.
    await replica.subjectOf(acme, 'alice');
    await recorder.flush();
    expect(await database.db('audit_handles').select('handle')).toHaveLength(2);
    expect(await verifyAudit(database.db)).toMatchObject({ intact: true });
  });

  it('is not made again by what is recorded or looked up at the same moment', async () => {
    const database = await open.fresh();
    const stage = await setStage(database);
    const recorder = recorderOn(database);
    const replica = await startReplica(database, { witness: recorder });
    const sectors = ['a.example', 'b.example'];
    const clients = await Promise.all(sectors.map((sector) => stage.client(sector)));
    for (const client of clients) replica.register(client);
    for (let turn = 0; turn < 8; turn += 1) {
      const user = `user ${turn}`;
      const subs: string[] = [];
      for (const client of clients) subs.push(await replica.subjectOf(client, user));
      const [clientId, sub] = [clientIn('a.example').clientId, subs[0] ?? ''];
      await Promise.all([
        recorder.flush(),
        eraseSubject(stage.context, user, BY),
        lookupSubject(stage.another(), { clientId, sub }, BY),
      ]);
      await recorder.flush();
    }
    expect(await database.db('audit_handles').select('handle')).toEqual([]);
    expect(await verifyAudit(database.db)).toMatchObject({ intact: true });
  });
});

import { expect, test } from 'vitest';

import { eachAudit } from '../../../src/audit/read-store.ts';
import type { AuditRecord } from '../../../src/audit/read-store.ts';
import { AuditRecorder } from '../../../src/audit/recorder.ts';
import { securityEventIn } from '../../../src/audit/security-events.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { migrateDown, migrateUp } from '../../../src/database/migrations.ts';
import type { Logger } from '../../../src/observability/logger.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { watchedLines } from '../../../src/observability/watched-lines.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { meet, met, NOW, SECTOR } from './log.ts';

interface Bench {
  readonly recorder: AuditRecorder;
  /** The logger that requests write to. */
  readonly log: Logger;
  readonly lines: Record<string, unknown>[];
}

function bench(db: Connection): Bench {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const plain = createLogger({ level: 'info', destination });
  const recorder = new AuditRecorder({ db, clock: () => NOW, log: plain });
  const log = watchedLines(plain, (fields) => {
    const event = securityEventIn(fields);
    if (event !== undefined) recorder.note(event);
  });
  return { recorder, log, lines };
}

async function rowsOf(db: Connection): Promise<readonly AuditRecord[]> {
  const rows: AuditRecord[] = [];
  for await (const row of eachAudit(db)) rows.push(row);
  return rows;
}

describeOnEachDialect('the audit recorder', (open) => {
  test('records each refusal that is a security event, and each line marked as one, as the log has it', async () => {
    const { db } = await open.fresh();
    const { recorder, log, lines } = bench(db);
    const request = log.child({ requestId: 'r-1' });
    const token = { reason: 'code_replayed', endpoint: 'token', client: 'acme-web' };
    request.warn({ ...token, detail: 'not for the log of acts' }, 'refused');
    request.warn({ reason: 'scope_invalid', endpoint: 'authorize' }, 'refused');
    const collision = { event: 'security', kind: 'pseudonym_collision', generation: 1 };
    log.warn({ ...collision, sector: SECTOR, algorithm: 'random' }, 'collision');
    log.error({ event: 'shadow_failure', clientId: 'bolt-web', failed: 'TypeError' }, 'failed');
    log.error('a message alone');
    await recorder.close();
    expect(await rowsOf(db)).toMatchObject([
      {
        ...{ at: NOW, act: 'security.code_replayed', actor: 'system', target: 'acme-web' },
        ...{ handle: undefined, reason: undefined, requestId: 'r-1' },
        details: { endpoint: 'token' },
      },
      {
        ...{ at: NOW, act: 'security.pseudonym_collision', actor: 'system', target: SECTOR },
        ...{ handle: undefined, reason: undefined, requestId: undefined },
        details: { sector: SECTOR, generation: 1, algorithm: 'random' },
      },
      {
        ...{ at: NOW, act: 'security.shadow_failure', actor: 'system', target: 'bolt-web' },
        ...{ handle: undefined, reason: undefined, requestId: undefined },
        details: { failed: 'TypeError' },
      },
    ]);
    expect(lines.filter(({ msg }) => msg === 'refused')).toHaveLength(2);
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });

  test('a flood is cut off, and its size is recorded', async () => {
    const { db } = await open.fresh();
    const { recorder, log } = bench(db);
    for (let n = 0; n < 2_000; n += 1) log.warn({ reason: 'code_replayed', client: 'acme' }, 'no');
    await recorder.close();
    const rows = await rowsOf(db);
    expect(rows).toHaveLength(501);
    expect(rows.at(-1)).toMatchObject({
      act: 'audit.dropped',
      details: { events: 1_500, pseudonyms: 0 },
    });
  });

  test('records what was made and used once a day, in segments of bounded size', async () => {
    const { db } = await open.fresh();
    await meet(db, [1, 2, 3]);
    const { recorder } = bench(db);
    for (const n of [1, 2, 3, 1, 2, 3]) recorder.used(met(n));
    recorder.made(met(3));
    await recorder.flush();
    for (const n of [1, 2, 3]) recorder.used(met(n));
    await recorder.close();
    expect((await rowsOf(db)).map(({ details }) => details)).toMatchObject([{ made: 1, used: 3 }]);
    expect(await db('pseudonyms').whereNotNull('last_used_day')).toHaveLength(3);
    expect(await verifyAudit(db)).toMatchObject({ intact: true, segments: 1 });
  });

  test('what could not be written waits for the next round, and nobody is told an error', async () => {
    const { db } = await open.fresh();
    const { recorder, log, lines } = bench(db);
    await migrateDownTo(db, '0008_audit');
    log.warn({ reason: 'code_replayed', client: 'acme' }, 'refused');
    recorder.used(met(1));
    await recorder.flush();
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      msg: expect.stringContaining('tried again'),
    });
    await migrateUp(db);
    await meet(db, [1]);
    await recorder.close();
    expect((await rowsOf(db)).map(({ act }) => act)).toEqual([
      'security.code_replayed',
      'pseudonyms.recorded',
    ]);
  });

  test('what the last round could not write is told to the log, in numbers', async () => {
    const database = await open.fresh();
    const { recorder, log, lines } = bench(database.db);
    log.warn({ reason: 'code_replayed', client: 'acme' }, 'refused');
    recorder.used(met(1));
    await migrateDownTo(database.db, '0008_audit');
    await recorder.close();
    expect(lines.at(-1)).toMatchObject({ level: 'error', events: 1, pseudonyms: 1 });
  });

  test('says where the chain stands when it starts', async () => {
    const { db } = await open.fresh();
    const { recorder, lines } = bench(db);
    recorder.start();
    await recorder.close();
    expect(lines[0]).toMatchObject({ event: 'audit_head', head: `0:${'0'.repeat(64)}` });
  });
});

async function migrateDownTo(db: Connection, name: string): Promise<void> {
  for (;;) {
    const [undone] = await migrateDown(db);
    if (undone === undefined || undone === name) return;
  }
}

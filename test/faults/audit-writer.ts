import { appendChange } from '../../src/database/changes.ts';
import { inTransaction, openDatabase } from '../../src/database/connection.ts';
import type { DatabaseLocation } from '../../src/config/types.ts';
import { appendSegment } from '../../src/audit/segment-store.ts';
import { appendAudit } from '../../src/audit/store.ts';

/** Acts one after the other, each recorded, until it is killed; run as a process of its own. */
const db = openDatabase(JSON.parse(process.argv[2] ?? '') as DatabaseLocation);
const user = { sector: 'acme.example', userIndex: Buffer.alloc(32, 1) };
const met = { ...user, sub: 'p1', made: true, used: false };
for (let n = 1; ; n += 1) {
  const at = new Date();
  await inTransaction(db, async (trx) => {
    await appendChange(trx, 'client', `c${n}`, at);
    const entry = { actor: 'cli:ada', act: 'client.updated', target: `c${n}`, user } as const;
    await appendAudit(trx, entry, at);
  });
  await inTransaction(db, (trx) => appendSegment(trx, [met], { actor: 'system' }, at));
  process.send?.(n);
}

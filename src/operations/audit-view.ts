import { readSegment, type AuditRecord } from '../audit/read-store.ts';
import type { Connection } from '../database/connection.ts';

/** What is printed of a row of the audit log. */
export function auditView(record: AuditRecord): Readonly<Record<string, unknown>> {
  const { position, at, act, actor, target, handle, reason, requestId, details, hash } = record;
  return {
    ...{ position, at: at.toISOString(), act, actor, target },
    handle: handle ?? null,
    reason: reason ?? null,
    request_id: requestId ?? null,
    details: details ?? null,
    hash: Buffer.from(hash).toString('hex'),
  };
}

/** What is exported of a row: with the segment that it is the hash of, where it is one. */
export async function exportedAudit(
  db: Connection,
  record: AuditRecord,
): Promise<Readonly<Record<string, unknown>>> {
  const held =
    record.act === 'pseudonyms.recorded' ? await readSegment(db, record.position) : undefined;
  const segment = held === undefined ? {} : { segment: JSON.parse(held) as unknown };
  return { ...auditView(record), ...segment };
}

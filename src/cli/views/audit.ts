import type { AuditRecord } from '../../audit/read-store.ts';

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

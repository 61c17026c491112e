import type { AuditEntry } from '../../../src/audit/entry.ts';
import { appendSegment } from '../../../src/audit/segment-store.ts';
import type { PseudonymRecord } from '../../../src/audit/segment-store.ts';
import { appendAudit } from '../../../src/audit/store.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import type { Connection } from '../../../src/database/connection.ts';

export const NOW = new Date('2026-11-23T08:00:00.000Z');
export const SECTOR = 'acme.example';

/** A user of the sector, by number. */
export function user(n: number): { sector: string; userIndex: Buffer } {
  return { sector: SECTOR, userIndex: Buffer.alloc(32, n) };
}

/** An act as an operator would do it. */
export function act(target: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return { actor: 'cli:ada', act: 'client.updated', target, ...more };
}

export function append(db: Connection, entry: AuditEntry, at: Date = NOW): Promise<number> {
  return inTransaction(db, (trx) => appendAudit(trx, entry, at));
}

/** Gives users pseudonyms, as a login does. */
export async function meet(db: Connection, users: readonly number[]): Promise<void> {
  for (const n of users) {
    await db('pseudonyms').insert({
      sector: bytes(SECTOR),
      user_index: user(n).userIndex,
      generation: 1,
      sub: bytes(`p${n}`),
      local_subject: Buffer.alloc(320),
      salt_version: 1,
      algorithm: 'random',
      created_at: 1,
    });
  }
}

export function met(n: number, what: Partial<PseudonymRecord> = {}): PseudonymRecord {
  return { ...user(n), sub: `p${n}`, made: false, used: true, ...what };
}

export function segment(
  db: Connection,
  records: readonly PseudonymRecord[],
  at: Date = NOW,
): Promise<number | undefined> {
  return inTransaction(db, (trx) => appendSegment(trx, records, { actor: 'system' }, at));
}

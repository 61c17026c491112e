import { asBuffer, bytes } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { insertMany } from '../database/insert-many.ts';
import type { SectorUser } from './store.ts';

/** A pseudonym that took the place of another; the vendor may learn of it. */
export interface SubjectChange extends SectorUser {
  readonly oldSub: string;
  readonly newSub: string;
  readonly at: Date;
  /** Until when the old one resolves; then the change is forgotten. */
  readonly graceUntil: Date;
}

/** Notes that users of vendors have other pseudonyms, in the transaction that changes them. */
export async function recordSubjectChanges(
  trx: Transaction,
  changes: readonly SubjectChange[],
): Promise<void> {
  const rows = changes.map((change) => ({
    sector: bytes(change.sector),
    user_index: asBuffer(change.userIndex),
    old_sub: bytes(change.oldSub),
    new_sub: bytes(change.newSub),
    at: change.at.getTime(),
    expires_at: change.graceUntil.getTime(),
  }));
  await insertMany(trx, 'subject_changes', rows);
}

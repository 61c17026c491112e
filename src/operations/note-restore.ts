import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { appendChange, skipChanges } from '../database/changes.ts';
import { inTransaction } from '../database/connection.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { endSessionsIn } from '../vendors/client-store.ts';
import type { OperationContext } from './context.ts';

/** Changes that may have been made since a backup. */
const MOST_SINCE = 1_000_000;

/**
 * Brings a database from a backup behind every token that was issued since: they say
 * at which change they were made, and what ends tokens compares with that. Until then
 * an erasure, or an end of sessions, would leave those alone that were issued after the backup.
 *
 * @returns the position of the change log from which on the proxy counts
 */
export function noteRestore(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  { endSessions }: { readonly endSessions: boolean },
  by: By,
): Promise<{ readonly position: number }> {
  const at = clock();
  return inTransaction(db, async (trx) => {
    await skipChanges(trx, MOST_SINCE);
    const position = await appendChange(trx, 'keys', 'restored', at);
    if (endSessions) {
      for (const sector of await sectorsInUse(trx)) await endSessionsIn(trx, sector, at);
    }
    const details = { position, end_sessions: endSessions };
    await appendAudit(trx, { ...by, act: 'database.restored', target: 'database', details }, at);
    return { position };
  });
}

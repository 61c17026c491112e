import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { countLookup } from '../subjects/lookups.ts';
import type { OperationContext } from './context.ts';

/** Users whom one actor may ask for in an hour, by pseudonym or by name. */
export const LOOKUPS_AN_HOUR = 100;

/** An actor asked for too many users; nothing was told. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';
}

/**
 * Counts a question for a user before it is answered.
 *
 * @throws ThrottledError beyond the limit, of which the log and the audit log tell
 */
export async function admitLookup(
  { db, clock, log }: Pick<OperationContext, 'db' | 'clock' | 'log'>,
  by: By,
): Promise<void> {
  const at = clock();
  const count = await inTransaction(db, async (trx) => {
    const counted = await countLookup(trx, by.actor, at);
    if (counted === LOOKUPS_AN_HOUR + 1) {
      const entry = { ...by, act: 'security.lookups_throttled', target: by.actor } as const;
      await appendAudit(trx, entry, at);
    }
    return counted;
  });
  if (count <= LOOKUPS_AN_HOUR) return;
  const fields = { event: 'security', kind: 'lookups_throttled', actor: by.actor, count };
  log.error(fields, 'somebody asks for more users than is allowed in an hour');
  throw new ThrottledError(
    `${by.actor} has asked for ${LOOKUPS_AN_HOUR} users in this hour, which is the limit.`,
  );
}

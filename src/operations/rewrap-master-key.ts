import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { rewrapKeyring } from '../database/keyring.ts';
import type { MasterKeys } from '../database/keyring.ts';
import type { OperationContext } from './context.ts';

/**
 * Wraps every root under the present `MASTER_KEY` that is still under the
 * previous one; returns how many.
 *
 * @throws MasterKeyError
 */
export async function rewrapMasterKey(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  keys: MasterKeys,
  by: By,
): Promise<number> {
  return inTransaction(db, async (trx) => {
    const rewrapped = await rewrapKeyring(trx, keys);
    if (rewrapped > 0) {
      const details = { roots: rewrapped };
      const act = { act: 'master_key.rewrapped', target: 'MASTER_KEY', details } as const;
      await appendAudit(trx, { ...by, ...act }, clock());
    }
    return rewrapped;
  });
}

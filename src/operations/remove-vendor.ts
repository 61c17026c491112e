import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { deleteVendor } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/**
 * Removes a vendor that has no clients, and no users with pseudonyms.
 *
 * @throws UnknownError, ConflictError
 */
export async function removeVendor(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  vendorId: string,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    await deleteVendor(trx, vendorId, at);
    await appendAudit(trx, { ...by, act: 'vendor.deleted', target: vendorId }, at);
  });
}

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { StaleError } from '../vendors/problem.ts';
import { vendorState } from '../vendors/vendor-state.ts';
import { deleteVendor, lockRegistry, readVendors } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** A vendor to be removed, as the operator has seen it. */
interface RemoveVendor {
  readonly vendorId: string;
  /** The state that the operator has seen (`vendorState`); any other is a `StaleError`. */
  readonly state?: string | undefined;
}

/**
 * Removes a vendor that has no clients, and no users with pseudonyms.
 *
 * @throws UnknownError, StaleError, ConflictError
 */
export async function removeVendor(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  { vendorId, state }: RemoveVendor,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const [vendor] = await readVendors(trx, [vendorId]);
    if (vendor !== undefined && state !== undefined && state !== vendorState(vendor)) {
      throw new StaleError(`The vendor "${vendorId}" has been changed meanwhile.`);
    }
    await deleteVendor(trx, vendorId, at);
    await appendAudit(trx, { ...by, act: 'vendor.deleted', target: vendorId }, at);
  });
}

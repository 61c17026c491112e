import type { By } from '../audit/by.ts';
import { inTransaction } from '../database/connection.ts';
import { applyWithin, type Plan } from '../vendors/apply.ts';
import type { Vendor } from '../vendors/client.ts';
import { patched } from '../vendors/merge-patch.ts';
import { RegistrationError, StaleError, UnknownError } from '../vendors/problem.ts';
import { readVendor } from '../vendors/read-entry.ts';
import { vendorOf } from '../vendors/registration.ts';
import { vendorState } from '../vendors/vendor-state.ts';
import { lockRegistry, readVendors } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** A change of one vendor. */
export interface EditVendor {
  readonly vendorId: string;
  /** The members to change (RFC 7396: `null` takes one away). */
  readonly members: Readonly<Record<string, unknown>>;
  /** The state that the operator has seen (`vendorState`); any other is a `StaleError`. */
  readonly state?: string | undefined;
}

/**
 * Changes some members of a vendor, by the rules of `apply`. Its id stays.
 *
 * @throws RegistrationError, UnknownError, StaleError
 */
export async function editVendor(
  { db, atRest, clock }: Pick<OperationContext, 'db' | 'atRest' | 'clock'>,
  { vendorId, members, state }: EditVendor,
  by: By,
): Promise<Plan> {
  if (Object.hasOwn(members, 'id') && members['id'] !== vendorId) {
    const right = 'delete the vendor and create it';
    throw new RegistrationError([{ path: ['id'], wrong: 'cannot be changed here', right }]);
  }
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const [vendor] = await readVendors(trx, [vendorId]);
    if (vendor === undefined) throw new UnknownError(`There is no vendor "${vendorId}".`);
    if (state !== undefined && state !== vendorState(vendor)) {
      throw new StaleError(`The vendor "${vendorId}" has been changed meanwhile.`);
    }
    const { entry, problems } = readVendor(patched(entryOf(vendor), members), []);
    const vendors = entry === undefined ? [] : [{ vendor: vendorOf(entry), path: [] }];
    const given = { vendors, clients: [], problems, warnings: [] };
    const how = { ...by, at: clock(), sectorChange: 'refused', expect: 'update' } as const;
    return applyWithin(trx, atRest, given, how);
  });
}

function entryOf(vendor: Vendor): Readonly<Record<string, unknown>> {
  return {
    ...{ id: vendor.id, name: vendor.name, contacts: vendor.contacts },
    ...(vendor.policyUri !== undefined && { policy_uri: vendor.policyUri }),
    ...{ one_sector: vendor.oneSector, notice: vendor.notice, disconnect: vendor.disconnect },
    allowed_subject_types: vendor.allowedSubjectTypes,
  };
}

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { inTransaction, orUnavailable } from '../database/connection.ts';
import { sectorWithLinked } from '../database/sector-links.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { listGenerations } from '../subjects/store.ts';
import type { ListedPseudonym } from '../subjects/store.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { admitLookup } from './lookup-admission.ts';
import { requireLocalSubject } from './requested-user.ts';

/** A pseudonym of a user, and the vendor that knows it. */
export interface HeldPseudonym extends ListedPseudonym {
  readonly vendorId: string | undefined;
  /** Sectors that are linked into its sector, whose clients are given it too. */
  readonly linkedSectors: readonly string[];
}

/**
 * Every pseudonym that a user has, at whichever vendor, oldest generation first.
 * Recorded before it is told; the record does not say whose.
 *
 * @throws RegistrationError, ThrottledError
 */
export async function listSubject(
  context: OperationContext,
  localSubject: string,
  by: By,
): Promise<readonly HeldPseudonym[]> {
  requireLocalSubject(localSubject);
  await admitLookup(context, by);
  const { db, keyring, clock } = context;
  const held = await orUnavailable(async () => {
    const owners = await readSectorOwners(db);
    const found: HeldPseudonym[] = [];
    for (const sector of await sectorsInUse(db)) {
      const user = { sector, userIndex: indexUser(keyring.index, sector, localSubject) };
      const vendorId = owners.get(sector);
      const [, ...linkedSectors] = await sectorWithLinked(db, sector);
      const generations = await listGenerations(db, user);
      found.push(...generations.map((one) => ({ ...one, vendorId, linkedSectors })));
    }
    return found;
  });
  // No handle: one in each sector, side by side, would tie the user's handles together.
  await inTransaction(db, (trx) => {
    const details = { pseudonyms: held.length };
    return appendAudit(trx, { ...by, act: 'subject.listed', target: 'user', details }, clock());
  });
  return held;
}

import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Transaction } from '../database/connection.ts';
import { findOwner, isKnownUser, PseudonymTaken } from './store.ts';
import type { PseudonymRecord } from './store.ts';

/** A pseudonym that somebody is about to be given. */
interface Wanted extends Pick<PseudonymRecord, 'sub' | 'localSubject'> {
  readonly isOriginal: boolean;
}

/**
 * Neither another user's pseudonym in some sectors, nor what another user is called upstream there.
 *
 * @throws {PseudonymTaken} where it is the user's own: another replica was first
 */
export async function isFree(
  trx: Transaction,
  indexRoot: Uint8Array,
  { sub, localSubject, isOriginal }: Wanted,
  sectors: readonly string[],
): Promise<boolean> {
  for (const sector of sectors) {
    const owner = await findOwner(trx, sector, sub);
    if (owner !== undefined) {
      // Committed by another replica since the first read; no collision.
      const own = indexUser(indexRoot, sector, localSubject);
      if (Buffer.compare(owner.userIndex, own) === 0) throw new PseudonymTaken();
      return false;
    }
    // Its namesake is the user: whoever else bore it was the owner above.
    if (isOriginal) continue;
    const namesake = { sector, userIndex: indexUser(indexRoot, sector, sub) };
    if (await isKnownUser(trx, namesake)) return false;
  }
  return true;
}

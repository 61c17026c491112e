import type { Transaction } from '../database/connection.ts';
import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { subjectSectors } from '../database/sector-links.ts';
import type { ArrivingUser } from './create.ts';
import { presentName } from './former-names.ts';
import type { NameKeys } from './former-names.ts';
import type { SecurityLog } from './security-log.ts';
import { findOwner } from './store.ts';
import type { SectorUser } from './store.ts';

/**
 * The upstream's own subject, unless it is another user's pseudonym in this
 * sector, or the one that it is linked into: then the vendor would take this user for that one.
 */
export async function publicSubject(
  trx: Transaction,
  mint: NameKeys & { readonly clock: () => Date; readonly log: SecurityLog },
  { sector, localSubject }: ArrivingUser,
): Promise<Result<string>> {
  for (const each of await subjectSectors(trx, sector)) {
    const owner = await findOwner(trx, each, localSubject);
    if (owner === undefined || isOwner(mint, owner, localSubject)) continue;
    const present = await presentName(trx, mint, localSubject, mint.clock());
    if (present !== undefined && isOwner(mint, owner, present)) continue;
    mint.log.warn(
      { event: 'security', kind: 'public_subject_is_pseudonym', sector },
      'a user was refused whose upstream subject is the pseudonym of another user',
    );
    return failure('subject_collision', 'the upstream sub is a pseudonym of another user');
  }
  return success(localSubject);
}

function isOwner({ indexRoot }: NameKeys, owner: SectorUser, localSubject: string): boolean {
  return Buffer.compare(owner.userIndex, indexUser(indexRoot, owner.sector, localSubject)) === 0;
}

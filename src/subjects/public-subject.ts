import type { Transaction } from '../database/connection.ts';
import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { ArrivingUser } from './create.ts';
import { presentName } from './former-names.ts';
import type { NameKeys } from './former-names.ts';
import type { SecurityLog } from './security-log.ts';
import { findOwner } from './store.ts';

/**
 * The upstream's own subject, unless it is another user's pseudonym in this
 * sector: then the vendor would take this user for that one.
 */
export async function publicSubject(
  trx: Transaction,
  mint: NameKeys & { readonly clock: () => Date; readonly log: SecurityLog },
  { sector, userIndex, localSubject }: ArrivingUser,
): Promise<Result<string>> {
  const owner = await findOwner(trx, sector, localSubject);
  if (owner === undefined || Buffer.compare(owner.userIndex, userIndex) === 0) {
    return success(localSubject);
  }
  const present = await presentName(trx, mint, localSubject, mint.clock());
  const now = present && indexUser(mint.indexRoot, sector, present);
  if (now && Buffer.compare(owner.userIndex, now) === 0) return success(localSubject);
  mint.log.warn(
    { event: 'security', kind: 'public_subject_is_pseudonym', sector },
    'a user was refused whose upstream subject is the pseudonym of another user',
  );
  return failure('subject_collision', 'the upstream sub is a pseudonym of another user');
}

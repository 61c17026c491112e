import type { By } from '../audit/by.ts';
import { appendAudit, forgetUser } from '../audit/store.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { inTransaction } from '../database/connection.ts';
import type { Transaction } from '../database/connection.ts';
import { holdLinks, inOrderOfMoves, requireNoNewLinks } from '../database/sector-links.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { endUser } from '../database/subject-marks.ts';
import { endGrantsOf, sectorConnection } from '../subjects/connections.ts';
import type { ArrivingUser } from '../subjects/create.ts';
import { eraseInSector } from '../subjects/erase.ts';
import type { Eraser } from '../subjects/erase.ts';
import { namesOf } from '../subjects/former-names.ts';
import { ConflictError, UnknownError } from '../vendors/problem.ts';
import { readSectorOwners, readVendors } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';
import { requireLocalSubject } from './requested-user.ts';

/** A user who is to be known to a vendor no more. */
export interface DisconnectVendor {
  readonly vendorId: string;
  readonly localSubject: string;
}

/** What a disconnection did. */
export interface Disconnection {
  /** What the vendor is called. */
  readonly name: string;
  /** Whether the user's next login there gets another subject. */
  readonly newSubject: boolean;
  readonly sectors: number;
}

/**
 * Ends all that a vendor has of a user, in all of its sectors and under whichever name
 * the provider calls the user, in one transaction: tokens that are out stop within 5 s. By the vendor's policy the user is then
 * forgotten there as by an erasure, so that the vendor gets another subject if the
 * user comes back, and nothing says which it was before; or keeps the subject, as one does that
 * is shared with another vendor.
 *
 * @throws RegistrationError; UnknownError where the vendor does not know the user,
 *   ConflictError where its policy forbids it
 */
export async function disconnectVendor(
  context: OperationContext,
  { vendorId, localSubject }: DisconnectVendor,
  by: By,
): Promise<Disconnection> {
  requireLocalSubject(localSubject);
  const { db, atRest, keyring, clock } = context;
  const at = clock();
  return inTransaction(db, async (trx) => {
    const [vendor] = await readVendors(trx, [vendorId]);
    const { names, past } = await namesOf(trx, nameKeys(context), localSubject, at);
    const links = await holdLinks(trx);
    const owners = await readSectorOwners(trx);
    const owned = [...owners].flatMap(([sector, owner]) => (owner === vendorId ? [sector] : []));
    const users: ArrivingUser[] = [];
    for (const sector of inOrderOfMoves(owned, links)) {
      const together = togetherWith(sector, links).filter((each) => owned.includes(each));
      for (const name of names) {
        const known = await isKnownIn(trx, keyring.index, together, name);
        const user = { sector, userIndex: indexUser(keyring.index, sector, name) };
        if (known) users.push({ ...user, localSubject: name });
      }
    }
    const sectors = new Set(users.map(({ sector }) => sector));
    if (vendor === undefined || users.length === 0) {
      throw new UnknownError('The vendor does not know the user.');
    }
    const policy = vendor.disconnect;
    if (policy === 'forbidden') throw new ConflictError('The vendor cannot be disconnected.');
    // A subject that another vendor shares stays: it is not this one's alone to forget.
    const shared = new Set(
      links.flatMap((link) => (link.betweenVendors ? [link.sector, link.into] : [])),
    );
    const isForgotten = ({ sector }: ArrivingUser): boolean => {
      return policy === 'new_subject' && !shared.has(sector);
    };
    for (const user of users) {
      if (isForgotten(user)) await eraseInSector(trx, eraserOf(context), user);
      else await endGrantsOf(trx, user, at);
    }
    await requireNoNewLinks(trx, links);
    // The change log stays locked from here on, and the head of the audit log is locked last of all.
    for (const sector of sectors) {
      for (const name of new Set([localSubject, ...names, ...past])) {
        await endUser(trx, atRest, indexUser(keyring.index, sector, name), at);
      }
    }
    const newSubject = users.every(isForgotten);
    for (const user of users) if (isForgotten(user)) await forgetUser(trx, user);
    const details = { sectors: sectors.size, new_subject: newSubject };
    await appendAudit(trx, { ...by, act: 'account.disconnected', target: vendorId, details }, at);
    return { name: vendor.name, newSubject, sectors: sectors.size };
  });
}

function eraserOf({ atRest, keyring }: OperationContext): Eraser {
  return { atRest, tombstoneRoot: keyring.tombstone };
}

/** A sector with those that it shares subjects with. */
function togetherWith(sector: string, links: readonly SectorLink[]): readonly string[] {
  const into = links.find((link) => link.sector === sector)?.into ?? sector;
  const linked = links.flatMap((link) => (link.into === into ? [link.sector] : []));
  return [into, ...linked];
}

async function isKnownIn(
  trx: Transaction,
  indexRoot: Uint8Array,
  sectors: readonly string[],
  name: string,
): Promise<boolean> {
  for (const sector of sectors) {
    const user = { sector, localSubject: name };
    if ((await sectorConnection(trx, indexRoot, user)) !== undefined) return true;
  }
  return false;
}

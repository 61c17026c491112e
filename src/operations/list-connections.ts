import { userIndex as indexUser } from '../database/blind-index.ts';
import { orUnavailable } from '../database/connection.ts';
import { sectorConnection } from '../subjects/connections.ts';
import type { SectorConnection } from '../subjects/connections.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { requireLocalSubject } from './requested-user.ts';

/** A vendor that knows a user, and in which of its sectors. */
export interface VendorConnection extends SectorConnection {
  readonly vendorId: string;
  readonly sectors: readonly { readonly sector: string; readonly userIndex: Uint8Array }[];
}

/**
 * The vendors that know a user. Nobody's pseudonym is in it, so it is recorded
 * nowhere; for users who ask about themselves.
 *
 * @throws RegistrationError; Refusal `database_unavailable`
 */
export async function listConnections(
  { db, keyring }: Pick<OperationContext, 'db' | 'keyring'>,
  localSubject: string,
): Promise<readonly VendorConnection[]> {
  requireLocalSubject(localSubject);
  const found = new Map<string, VendorConnection>();
  await orUnavailable(async () => {
    for (const [sector, vendorId] of await readSectorOwners(db)) {
      const user = { sector, userIndex: indexUser(keyring.index, sector, localSubject) };
      const connection = await sectorConnection(db, user);
      if (connection === undefined) continue;
      const before = found.get(vendorId);
      found.set(vendorId, {
        vendorId,
        since: earlier(before?.since, connection.since),
        lastUsed: later(before?.lastUsed, connection.lastUsed),
        sectors: [...(before?.sectors ?? []), user],
      });
    }
  });
  return [...found.values()];
}

function earlier(one: Date | undefined, other: Date): Date {
  return one !== undefined && one < other ? one : other;
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

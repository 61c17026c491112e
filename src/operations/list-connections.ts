import { userIndex as indexUser } from '../database/blind-index.ts';
import { orUnavailable } from '../database/connection.ts';
import { sectorConnection } from '../subjects/connections.ts';
import type { SectorConnection } from '../subjects/connections.ts';
import { namesOf } from '../subjects/former-names.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';
import { requireLocalSubject } from './requested-user.ts';

/** A vendor that knows a user, and in which of its sectors. */
export interface VendorConnection extends SectorConnection {
  readonly vendorId: string;
  readonly sectors: readonly { readonly sector: string; readonly userIndex: Uint8Array }[];
}

/**
 * The vendors that know a user, by the present name or a former one. Nobody's pseudonym is
 * in it, so it is recorded nowhere; for users who ask about themselves.
 *
 * @throws RegistrationError; Refusal `database_unavailable`
 */
export async function listConnections(
  context: Pick<OperationContext, 'db' | 'atRest' | 'keyring' | 'clock'>,
  localSubject: string,
): Promise<readonly VendorConnection[]> {
  requireLocalSubject(localSubject);
  const { db, keyring, clock } = context;
  const found = new Map<string, VendorConnection>();
  await orUnavailable(async () => {
    const { names } = await namesOf(db, nameKeys(context), localSubject, clock());
    const owners = [...(await readSectorOwners(db))];
    const places = owners.flatMap((owner) => names.map((name) => [...owner, name] as const));
    for (const [sector, vendorId, name] of places) {
      const user = { sector, userIndex: indexUser(keyring.index, sector, name) };
      const sought = { sector, localSubject: name };
      const connection = await sectorConnection(db, keyring.index, sought);
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

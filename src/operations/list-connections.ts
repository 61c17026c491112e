import { userIndex as indexUser } from '../database/blind-index.ts';
import { orUnavailable } from '../database/connection.ts';
import { readLinks, type SectorLink } from '../database/sector-links.ts';
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
  /** Other vendors that know the user by the same subject, for their sectors are linked. */
  readonly sharedWith: readonly string[];
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
  const found = new Map<string, Known>();
  let links: readonly SectorLink[] = [];
  await orUnavailable(async () => {
    const { names } = await namesOf(db, nameKeys(context), localSubject, clock());
    links = await readLinks(db);
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
  const known = [...found.values()];
  return known.map((one) => ({ ...one, sharedWith: sharersOf(one, known, links) }));
}

type Known = Omit<VendorConnection, 'sharedWith'>;

function sharersOf(
  one: Known,
  known: readonly Known[],
  links: readonly SectorLink[],
): readonly string[] {
  const placesOf = ({ sectors }: Known): readonly string[] =>
    sectors.map(({ sector }) => {
      const link = links.find((each) => each.sector === sector && each.mode !== 'checking');
      return link?.into ?? sector;
    });
  const own = new Set(placesOf(one));
  return known.flatMap((other) =>
    other !== one && placesOf(other).some((place) => own.has(place)) ? other.vendorId : [],
  );
}

function earlier(one: Date | undefined, other: Date): Date {
  return one !== undefined && one < other ? one : other;
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

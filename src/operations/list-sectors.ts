import { orUnavailable } from '../database/connection.ts';
import { readLinks } from '../database/sector-links.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { readClients } from '../vendors/client-store.ts';
import { readSectorChecks } from '../vendors/sector-check-store.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** A sector, whose it is, and what vouches for it. */
export interface ListedSector {
  readonly sector: string;
  readonly vendorId: string;
  /** Their client_id; none: the sector stays the vendor's while pseudonyms are in it. */
  readonly clients: readonly string[];
  /** The `sector_identifier_uri` of its clients that has been looked at, and what was found. */
  readonly documents: readonly {
    readonly clientId: string;
    readonly uri: string;
    readonly checkedAt: Date | undefined;
    readonly failingSince: Date | undefined;
    readonly problem: string | undefined;
  }[];
  /** Whether its clients use the subjects of another one. */
  readonly link: SectorLink | undefined;
}

/** Every sector, by its name. */
export async function listSectors({
  db,
  atRest,
}: Pick<OperationContext, 'db' | 'atRest'>): Promise<readonly ListedSector[]> {
  const owners = await orUnavailable(() => readSectorOwners(db));
  const clients = await orUnavailable(() => readClients(db, atRest));
  const links = await orUnavailable(() => readLinks(db));
  const checks = await readSectorChecks(db);
  const bySector = Map.groupBy(
    clients.map(({ client }) => client),
    ({ sector }) => sector,
  );
  return [...owners].map(([sector, vendorId]) => {
    const inIt = bySector.get(sector) ?? [];
    return {
      ...{ sector, vendorId, clients: inIt.map(({ clientId }) => clientId) },
      link: links.find((link) => link.sector === sector),
      documents: inIt.flatMap(({ clientId, metadata: { sector_identifier_uri: uri } }) => {
        if (uri === undefined) return [];
        const { checkedAt, failingSince, problem } = checks.get(clientId) ?? {};
        return [{ clientId, uri, checkedAt, failingSince, problem }];
      }),
    };
  });
}

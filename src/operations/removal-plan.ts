import { orUnavailable } from '../database/connection.ts';
import { isLinked } from '../database/sector-links.ts';
import { readClient, readClients } from '../vendors/client-store.ts';
import { readMappingTokens } from '../vendors/mapping-token-store.ts';
import { UnknownError } from '../vendors/problem.ts';
import { readInitialTokens } from '../vendors/registration-store.ts';
import { readUpstreamClients } from '../vendors/upstream-client-store.ts';
import { readSectorOwners, readVendors, usersOfSector } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** What removing a client would do, for whoever has to confirm it. */
export interface ClientRemoval {
  readonly clientId: string;
  readonly vendorId: string;
  readonly sector: string;
  /** Users with a pseudonym in its sector, which stays the vendor's. */
  readonly users: number;
  /** Other clients in the sector, which go on. */
  readonly others: readonly string[];
  /** Versions of its phase that are recorded. */
  readonly versions: number;
  readonly mappingTokens: number;
  /** Whether a client of the provider was made for it, or kept ready. */
  readonly hasUpstreamClient: boolean;
}

/** What removing a vendor would do, and what stands against it. */
export interface VendorRemoval {
  readonly vendorId: string;
  /** Its clients, which have to be removed first. */
  readonly clients: readonly string[];
  /** Sectors that must stay reserved, so that the vendor has to stay too. */
  readonly heldSectors: readonly {
    readonly sector: string;
    readonly users: number;
    readonly linked: boolean;
  }[];
  readonly initialTokens: number;
  /** Clients of the provider that wait for a registration of this vendor. */
  readonly preparedClients: number;
}

type Context = Pick<OperationContext, 'db' | 'atRest'>;

/** What `removeClient` would do. Throws UnknownError. */
export async function planClientRemoval(
  { db, atRest }: Context,
  clientId: string,
): Promise<ClientRemoval> {
  return orUnavailable(async () => {
    const { client } = await readClient(db, atRest, clientId);
    const { vendorId, sector, phases } = client;
    const all = await readClients(db, atRest);
    const others = all.flatMap((each) =>
      each.client.sector === sector && each.client.clientId !== clientId
        ? each.client.clientId
        : [],
    );
    return {
      ...{ clientId, vendorId, sector, others, versions: phases.length },
      users: await usersOfSector(db, sector),
      mappingTokens: (await readMappingTokens(db, clientId)).length,
      hasUpstreamClient: (await readUpstreamClients(db, atRest, { clientId })).length > 0,
    };
  });
}

/** What `removeVendor` would do, and why it would not. Throws UnknownError. */
export async function planVendorRemoval(
  { db, atRest }: Context,
  vendorId: string,
): Promise<VendorRemoval> {
  return orUnavailable(async () => {
    const [vendor] = await readVendors(db, [vendorId]);
    if (vendor === undefined) throw new UnknownError(`There is no vendor "${vendorId}".`);
    const clients = (await readClients(db, atRest)).flatMap(({ client }) =>
      client.vendorId === vendorId ? client.clientId : [],
    );
    const heldSectors = [];
    for (const [sector, owner] of await readSectorOwners(db)) {
      if (owner !== vendorId) continue;
      const users = await usersOfSector(db, sector);
      const linked = await isLinked(db, sector);
      if (users > 0 || linked) heldSectors.push({ sector, users, linked });
    }
    const prepared = await readUpstreamClients(db, atRest, { vendorId, states: ['prepared'] });
    return {
      ...{ vendorId, clients, heldSectors, preparedClients: prepared.length },
      initialTokens: (await readInitialTokens(db, vendorId)).length,
    };
  });
}

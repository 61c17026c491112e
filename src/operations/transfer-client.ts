import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { isLinked } from '../database/sector-links.ts';
import type { Vendor } from '../vendors/client.ts';
import { clientEntryOf } from '../vendors/client-entry.ts';
import { readClients, SectorChangeError, type StoredClient } from '../vendors/client-store.ts';
import { patched } from '../vendors/merge-patch.ts';
import { noticeProblems } from '../vendors/notice-rules.ts';
import { ConflictError, RegistrationError, StaleError, UnknownError } from '../vendors/problem.ts';
import {
  readRegistration,
  type ClientRegistration,
  type ClientSettings,
} from '../vendors/registration.ts';
import { problemsBetween } from '../vendors/rules.ts';
import { handOver } from '../vendors/transfer-store.ts';
import {
  lockRegistry,
  readSectorOwners,
  readVendors,
  usersOfSector,
} from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { requireNoRotation } from './link-batch.ts';

/** A client that shall be another vendor's. */
export interface TransferClient {
  readonly clientId: string;
  /** The vendor that it shall belong to. */
  readonly to: string;
  /** The sector that it gets, where it does not take its own along. */
  readonly newSector?: string | undefined;
  /** The revision that the operator has seen; any other is a `StaleError`. */
  readonly revision?: number | undefined;
}

/** What a transfer does, or has done. */
export interface Transfer {
  readonly clientId: string;
  readonly from: string;
  readonly to: string;
  /** The sector that it had, and the one that it has then; the same one: nobody's `sub` changes. */
  readonly fromSector: string;
  readonly toSector: string;
  /** Users with a pseudonym in the sector that it had. */
  readonly users: number;
  /** Names the state that this was told of. */
  readonly revision: number;
}

type TransferContext = Pick<OperationContext, 'db' | 'atRest' | 'clock'>;

/**
 * What {@link transferClient} would do, for whoever has to confirm it. Throws as that
 * does, but for the confirmation.
 */
export async function planTransfer(
  context: Pick<OperationContext, 'db' | 'atRest'>,
  request: TransferClient,
): Promise<Transfer> {
  return (await judged(context, request)).transfer;
}

/**
 * Makes a client another vendor's. A sector belongs to one vendor: it goes along, with its
 * pseudonyms, where no other client is in it. Otherwise the client needs a new one, which
 * gives its users another `sub`. Its tokens end, and with them what the former vendor could
 * do with it; the events and the release of original subjects that this one was granted too.
 *
 * @throws UnknownError, RegistrationError, StaleError, ConflictError; SectorChangeError where
 * a `sub` would change and `sectorChange` is not `allowed`
 */
export async function transferClient(
  { db, atRest, clock }: TransferContext,
  request: TransferClient & { readonly sectorChange: 'allowed' | 'refused' },
  by: By,
): Promise<Transfer> {
  const at = clock();
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    await requireNoRotation(trx);
    const { stored, settings, transfer } = await judged({ db: trx, atRest }, request);
    const { clientId, from, to, fromSector, toSector, users } = transfer;
    const moves = fromSector !== toSector;
    if (moves && users > 0 && request.sectorChange !== 'allowed') {
      throw new SectorChangeError(clientId, fromSector, toSector, users);
    }
    await handOver(trx, atRest, stored, settings, at);
    const details = {
      from,
      to,
      sector: toSector,
      ...(moves && { from_sector: fromSector, users }),
    };
    await appendAudit(trx, { ...by, act: 'client.transferred', target: clientId, details }, at);
    return transfer;
  });
}

interface Judged {
  readonly stored: StoredClient;
  readonly settings: ClientSettings;
  readonly transfer: Transfer;
}

async function judged(
  { db, atRest }: Pick<OperationContext, 'db' | 'atRest'>,
  request: TransferClient,
): Promise<Judged> {
  const { clientId, to } = request;
  const all = await readClients(db, atRest);
  const vendors = new Map((await readVendors(db)).map((vendor) => [vendor.id, vendor]));
  const stored = all.find(({ client }) => client.clientId === clientId);
  const vendor = vendors.get(to);
  if (stored === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  if (vendor === undefined) throw new UnknownError(`There is no vendor "${to}".`);
  const { client, revision } = stored;
  if (request.revision !== undefined && request.revision !== revision) {
    throw new StaleError(
      `The client "${clientId}" has been changed meanwhile: look at it again, then repeat.`,
    );
  }
  if (client.vendorId === to) {
    throw new ConflictError(`The client "${clientId}" belongs to the vendor "${to}" already.`);
  }
  const users = await usersOfSector(db, client.sector);
  const registration = registeredWith(stored, vendor, request.newSector);
  const { settings } = registration;
  const others = all.filter((each) => each !== stored);
  const goesAlong = settings.sector === client.sector;
  if (request.newSector === undefined && !goesAlong) {
    throw mustHaveNewSector(client.sector, users, `the vendor "${to}" cannot have it`);
  }
  const sharing = others.find((each) => each.client.sector === client.sector);
  if (goesAlong && sharing !== undefined) {
    const why = `the client "${sharing.client.clientId}" is in it too`;
    throw mustHaveNewSector(client.sector, users, why);
  }
  if (goesAlong && (await isLinked(db, client.sector))) {
    throw new ConflictError(
      `The sector "${client.sector}" is linked: unlink it first, or give the client a new one (--new-sector).`,
    );
  }
  const owners = new Map(await readSectorOwners(db));
  if (goesAlong) owners.delete(client.sector);
  else mustNotPilot(stored);
  mustFit(registration, { others, vendors, owners });
  const transfer = {
    ...{ clientId, from: client.vendorId, to, users, revision },
    ...{ fromSector: client.sector, toSector: settings.sector },
  };
  return { stored, settings, transfer };
}

/** The client as the new vendor's own; what only the former vendor was granted is left out. */
function registeredWith(
  { client }: StoredClient,
  vendor: Vendor,
  newSector: string | undefined,
): ClientRegistration {
  const entry = patched(clientEntryOf(client, vendor), {
    events: null,
    ...(client.metadata.migration?.mode === 'dual' && { migration: null }),
    ...(newSector !== undefined && { sector: newSector }),
  });
  const sources = { env: () => undefined, file: () => '' };
  const { clients, problems } = readRegistration(entry, vendor, [], sources);
  const [registration] = clients;
  if (registration === undefined || problems.length > 0) throw new RegistrationError(problems);
  return registration;
}

function mustHaveNewSector(sector: string, users: number, why: string): ConflictError {
  const count = `${users} ${users === 1 ? 'user' : 'users'}`;
  return new ConflictError(
    `The sector "${sector}" cannot go along: ${why}. ` +
      `Give the client a new one (--new-sector), which changes the subject of ${count}.`,
  );
}

/** Pilot users are named for one sector. */
function mustNotPilot({ client }: StoredClient): void {
  if ((client.phases.at(-1)?.pilotUsers.length ?? 0) === 0) return;
  throw new ConflictError(
    `The pilot users of "${client.clientId}" are named for the sector "${client.sector}": ` +
      'set its phase without --user first, and name them again after the change.',
  );
}

function mustFit(
  registration: ClientRegistration,
  standing: {
    readonly others: readonly StoredClient[];
    readonly vendors: ReadonlyMap<string, Vendor>;
    readonly owners: ReadonlyMap<string, string>;
  },
): void {
  const clients = standing.others.map(({ client }) => ({
    ...client,
    phase: client.phases.at(-1)?.phase ?? ('pairwise' as const),
  }));
  const incoming = { vendors: [], clients: [registration] };
  const problems = [
    ...problemsBetween([registration], { clients, sectorOwners: standing.owners }),
    ...noticeProblems(incoming, { vendors: standing.vendors, clients }),
  ];
  if (problems.length > 0) throw new RegistrationError(problems);
}

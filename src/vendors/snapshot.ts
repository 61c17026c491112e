import type { AtRest } from '../database/at-rest.ts';
import { lastChange, readChanges, type ChangeKind } from '../database/changes.ts';
import type { Connection } from '../database/connection.ts';
import { revokedGrants } from '../database/sessions.ts';
import { readMarks } from '../database/subject-marks.ts';
import type { Client, Vendor } from './client.ts';
import { readClients } from './client-store.ts';
import { RedirectTargets } from './redirect-targets.ts';
import { readVendors } from './vendor-store.ts';

/** The registry as of one position of the change log; never altered, only replaced. */
export interface Snapshot {
  readonly clients: ReadonlyMap<string, Client>;
  readonly vendors: ReadonlyMap<string, Vendor>;
  readonly revoked: ReadonlySet<string>;
  /** From which position on the tokens of users are good whose earlier ones were ended. */
  readonly marks: ReadonlyMap<string, number>;
  readonly targets: RedirectTargets;
  readonly change: number;
}

/** A newer snapshot, and what is new in it. */
export interface Advance {
  readonly snapshot: Snapshot;
  readonly kinds: ReadonlySet<ChangeKind>;
}

/** What a snapshot is read with. */
export interface Source {
  readonly db: Connection;
  readonly atRest: AtRest;
  readonly clock: () => Date;
  readonly onUnreadable: (clientId: string, error: unknown) => void;
}

/** Changes read at once; with more waiting, everything is read anew. */
const BATCH = 500;
/** How often reading is repeated for changes that were made while it went on. */
const ROUNDS = 5;
/** After a reading of everything, anything may be new. */
export const ALL_KINDS: ReadonlySet<ChangeKind> = new Set([
  ...(['client', 'vendor', 'keys', 'grant', 'subject'] as const),
]);

/** Reads the whole registry. */
export async function readSnapshot(source: Source): Promise<Snapshot> {
  const { db, atRest, clock, onUnreadable } = source;
  // The position comes first: what is read after it is at least as new, and a change made
  // meanwhile is read again.
  const change = await lastChange(db);
  const vendors = await readVendors(db);
  const clients = await readClients(db, atRest, undefined, onUnreadable);
  const revoked = new Set(await revokedGrants(db, clock()));
  const marks = await readMarks(db);
  const byId = new Map(clients.map(({ client }) => [client.clientId, client]));
  return {
    clients: byId,
    vendors: new Map(vendors.map((vendor) => [vendor.id, vendor])),
    revoked,
    marks,
    targets: new RedirectTargets(byId.values()),
    change,
  };
}

/**
 * Brings a snapshot up to the end of the change log, reading only what changed.
 * It goes on until nothing has changed since, so that nothing in it is newer
 * than its position (not-before marks compare with that).
 */
export async function advance(source: Source, from: Snapshot): Promise<Advance> {
  let snapshot = from;
  const kinds = new Set<ChangeKind>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const changes = await readChanges(source.db, snapshot.change, BATCH);
    const [first] = changes;
    if (first === undefined) {
      // A log that ends before us is another log: a database restored from a backup.
      if (round > 0 || (await lastChange(source.db)) === snapshot.change) break;
      return { snapshot: await readSnapshot(source), kinds: ALL_KINDS };
    }
    if (changes.length === BATCH || first.position !== snapshot.change + 1) {
      return { snapshot: await readSnapshot(source), kinds: ALL_KINDS };
    }
    for (const { kind } of changes) kinds.add(kind);
    snapshot = await apply(source, snapshot, changes);
  }
  return { snapshot, kinds };
}

async function apply(
  { db, atRest, onUnreadable }: Source,
  from: Snapshot,
  changes: Awaited<ReturnType<typeof readChanges>>,
): Promise<Snapshot> {
  const targetsOf = (kind: ChangeKind): string[] => [
    ...new Set(changes.filter((change) => change.kind === kind).map((change) => change.target)),
  ];
  const clientIds = targetsOf('client');
  const vendorIds = targetsOf('vendor');
  const grants = targetsOf('grant');
  const users = targetsOf('subject');
  const clients = new Map(from.clients);
  if (clientIds.length > 0) {
    const read = await readClients(db, atRest, clientIds, onUnreadable);
    for (const clientId of clientIds) clients.delete(clientId);
    for (const { client } of read) clients.set(client.clientId, client);
  }
  const vendors = new Map(from.vendors);
  if (vendorIds.length > 0) {
    const read = await readVendors(db, vendorIds);
    for (const id of vendorIds) vendors.delete(id);
    for (const vendor of read) vendors.set(vendor.id, vendor);
  }
  return {
    clients,
    vendors,
    revoked: grants.length > 0 ? new Set([...from.revoked, ...grants]) : from.revoked,
    marks:
      users.length > 0 ? new Map([...from.marks, ...(await readMarks(db, users))]) : from.marks,
    targets: clientIds.length > 0 ? new RedirectTargets(clients.values()) : from.targets,
    change: changes.at(-1)?.position ?? from.change,
  };
}

import type { AtRest } from '../database/at-rest.ts';
import { inTransaction, type Connection } from '../database/connection.ts';
import { applyWithin, type ApplyContext, type ApplyOptions, type Plan } from './apply.ts';
import type { Vendor } from './client.ts';
import { clientEntryOf } from './client-entry.ts';
import { readClient } from './client-store.ts';
import { patched } from './merge-patch.ts';
import { RegistrationError, StaleError, UnknownError } from './problem.ts';
import { readVendor } from './read-entry.ts';
import { readRegistration, vendorOf, type Registrations } from './registration.ts';
import type { SecretSources } from './secrets.ts';
import { lockRegistry, readVendors } from './vendor-store.ts';

/** One entry, or a change of one, as an operator gave it. */
export interface EntryGiven {
  readonly members: Readonly<Record<string, unknown>>;
  readonly sources: SecretSources;
  /** Adds the line to a problem, where the entry came from a file. */
  readonly located?: Registrations['located'];
}

type EditOptions = Omit<ApplyOptions, 'expect'>;

interface ChangeOptions extends EditOptions {
  /** The revision that the change is based on; any other is a `StaleError`. */
  readonly revision?: number | undefined;
}

/**
 * Adds one vendor from its entry, by the rules of `apply`.
 *
 * Throws `RegistrationError`, or `ConflictError` where there is one of that id.
 */
export async function createVendor(
  { db, atRest }: ApplyContext,
  { members, located }: EntryGiven,
  options: EditOptions,
): Promise<Plan> {
  const { entry, problems } = readVendor(members, []);
  const vendors = entry === undefined ? [] : [{ vendor: vendorOf(entry), path: [] }];
  const given = judged({ vendors, clients: [], problems, warnings: [] }, located);
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    return applyWithin(trx, atRest, given, { ...options, expect: 'create' });
  });
}

/**
 * Adds one client of a vendor from its entry, by the rules of `apply`.
 *
 * Throws `RegistrationError`, `UnknownError` (no such vendor), or
 * `ConflictError` where there is a client of that id.
 */
export async function createClient(
  { db, atRest }: ApplyContext,
  vendorId: string,
  entry: EntryGiven,
  options: EditOptions,
): Promise<Plan> {
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const given = await readCreation(trx, vendorId, entry);
    return applyWithin(trx, atRest, given, { ...options, expect: 'create' });
  });
}

/**
 * Changes some members of a client (RFC 7396: `null` takes one away), by the
 * rules of `apply`. Its phase belongs to `rollout`, its id stays.
 *
 * Throws `RegistrationError`, `UnknownError`, `SectorChangeError` or `ConflictError`.
 */
export async function changeClient(
  { db, atRest }: ApplyContext,
  clientId: string,
  entry: EntryGiven,
  options: ChangeOptions,
): Promise<Plan> {
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const { revision } = await readClient(trx, atRest, clientId);
    if (options.revision !== undefined && options.revision !== revision) {
      throw new StaleError(`The client "${clientId}" has been changed meanwhile.`);
    }
    const given = await readChange({ db: trx, atRest }, clientId, entry);
    return applyWithin(trx, atRest, given, { ...options, expect: 'update' });
  });
}

/** What {@link createClient} would add, judged by itself. Throws `UnknownError`. */
export async function readCreation(
  db: Connection,
  vendorId: string,
  { members, sources, located }: EntryGiven,
): Promise<Registrations> {
  const vendor = await vendorNamed(db, vendorId);
  return judged(readRegistration(members, vendor, [], sources), located);
}

/** What {@link changeClient} would make of a client, judged by itself; throws as that does. */
export async function readChange(
  { db, atRest }: ApplyContext,
  clientId: string,
  { members, sources, located }: EntryGiven,
): Promise<Registrations> {
  mustStay('client_id', members, clientId);
  mustStay('phase', members, undefined);
  const { client, vendor } = await clientNamed(db, atRest, clientId);
  const entry = patched(clientEntryOf(client, vendor), members);
  return judged(readRegistration(entry, vendor, [], sources), located);
}

async function clientNamed(db: Connection, atRest: AtRest, clientId: string) {
  const { client } = await readClient(db, atRest, clientId);
  return { client, vendor: await vendorNamed(db, client.vendorId) };
}

async function vendorNamed(db: Connection, id: string): Promise<Vendor> {
  const [vendor] = await readVendors(db, [id]);
  if (vendor === undefined) throw new UnknownError(`There is no vendor "${id}".`);
  return vendor;
}

function judged(given: Registrations, located: EntryGiven['located']): Registrations {
  if (located === undefined) return given;
  return {
    ...given,
    located,
    problems: given.problems.map(located),
    warnings: given.warnings.map(located),
  };
}

function mustStay(member: string, members: EntryGiven['members'], value: unknown): void {
  if (!Object.hasOwn(members, member) || members[member] === value) return;
  const right =
    member === 'phase' ? 'leave it out and use `rollout set`' : 'delete the client and create it';
  throw new RegistrationError([{ path: [member], wrong: 'cannot be changed here', right }]);
}

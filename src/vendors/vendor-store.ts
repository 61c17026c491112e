import { bytes, text } from '../database/bytes.ts';
import { appendChange } from '../database/changes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { isLinked, subjectSector } from '../database/sector-links.ts';
import type { ClientMetadata, DisconnectPolicy, SubjectType, Vendor } from './client.ts';
import { ConflictError, RegistrationError, UnknownError } from './problem.ts';
import { deleteInitialTokensOf } from './registration-store.ts';
import { deletePreparedOf } from './upstream-client-store.ts';

interface VendorRow {
  readonly id: Buffer;
  readonly name: string;
  readonly contacts: string;
  readonly policy_uri: string | null;
  readonly one_sector: number | boolean;
  readonly allowed_subject_types: string;
  readonly notice: number | boolean;
  readonly disconnect_policy: string;
}

/** All vendors, or those named. */
export async function readVendors(
  db: Connection,
  ids?: readonly string[],
): Promise<readonly Vendor[]> {
  const query = db<VendorRow>('vendors').orderBy('id');
  const rows = await (ids === undefined ? query : query.whereIn('id', ids.map(bytes)));
  return rows.map(fromRow);
}

/** Adds a vendor; a {@link ConflictError} where there is one of that id. */
export async function insertVendor(trx: Transaction, vendor: Vendor, at: Date): Promise<void> {
  await appendChange(trx, 'vendor', vendor.id, at);
  const row = { ...toRow(vendor), created_at: at.getTime(), updated_at: at.getTime() };
  // The change log serialises writers, so that nobody adds the vendor after this look.
  const [standing] = await readVendors(trx, [vendor.id]);
  if (standing !== undefined) throw new ConflictError(`The vendor "${vendor.id}" exists already.`);
  await trx('vendors').insert(row);
}

/** Replaces what is kept of a vendor. */
export async function updateVendor(trx: Transaction, vendor: Vendor, at: Date): Promise<void> {
  await appendChange(trx, 'vendor', vendor.id, at);
  const changed = await trx('vendors')
    .where({ id: bytes(vendor.id) })
    .update({ ...toRow(vendor), updated_at: at.getTime() });
  if (changed === 0) throw new UnknownError(`There is no vendor "${vendor.id}".`);
}

/**
 * Removes a vendor without clients. One whose users have pseudonyms stays: its
 * sectors must never become another's, who would be given the same subjects.
 */
export async function deleteVendor(trx: Transaction, id: string, at: Date): Promise<void> {
  await appendChange(trx, 'vendor', id, at);
  const client: { client_id: Buffer } | undefined = await trx('clients')
    .where({ vendor_id: bytes(id) })
    .first('client_id');
  if (client !== undefined) {
    const name = text(client.client_id);
    throw new ConflictError(`The vendor "${id}" has clients, as "${name}": delete them first.`);
  }
  const owned: { sector: Buffer }[] = await trx('sectors')
    .where({ vendor_id: bytes(id) })
    .select('sector');
  for (const { sector } of owned) {
    if (!(await releaseSector(trx, text(sector)))) {
      throw new ConflictError(
        `The vendor "${id}" owns the sector "${text(sector)}", in which users have pseudonyms, or which is linked: it stays reserved.`,
      );
    }
  }
  await deleteInitialTokensOf(trx, id);
  await deletePreparedOf(trx, id);
  const deleted = await trx('vendors')
    .where({ id: bytes(id) })
    .delete();
  if (deleted === 0) throw new UnknownError(`There is no vendor "${id}".`);
}

/**
 * Lets one writer at a time change vendors and clients: the rules that hold
 * between them are judged on what nobody changes before it is written.
 */
export async function lockRegistry(trx: Transaction): Promise<void> {
  await trx('change_head').where({ id: 1 }).forUpdate().first('position');
}

/** The vendor that owns each sector. */
export async function readSectorOwners(db: Connection): Promise<ReadonlyMap<string, string>> {
  const rows: { sector: Buffer; vendor_id: Buffer }[] = await db('sectors').select(
    'sector',
    'vendor_id',
  );
  return new Map(rows.map((row) => [text(row.sector), text(row.vendor_id)]));
}

/** How many users of a sector have the original subject for a pseudonym, and so are correlatable. */
export async function preservedUsersOf(db: Connection, sector: string): Promise<number> {
  const [row]: { users: number | string }[] = await db('pseudonyms')
    .where({ sector: bytes(await subjectSector(db, sector)), algorithm: 'preserved' })
    .whereNull('retired_at')
    .count({ users: '*' });
  return Number(row?.users ?? 0);
}

/** Whether users of a sector have the original subject for a pseudonym, or may yet get it. */
export async function preservesSubjects(db: Connection, sector: string): Promise<boolean> {
  const clients = await db('clients')
    .where({ sector: bytes(sector) })
    .select<{ metadata: string }[]>('metadata');
  const isPreserving = clients.some(({ metadata }) => {
    const { migration } = JSON.parse(metadata) as Partial<ClientMetadata>;
    return migration?.mode === 'preserve';
  });
  return isPreserving || (await preservedUsersOf(db, sector)) > 0;
}

/** Makes a sector the vendor's, unless it is another's. Within a transaction that appends a change. */
export async function claimSector(
  trx: Transaction,
  sector: string,
  vendorId: string,
  at: Date,
): Promise<void> {
  const standing: { vendor_id: Buffer } | undefined = await trx('sectors')
    .where({ sector: bytes(sector) })
    .first('vendor_id');
  if (standing === undefined) {
    const row = { sector: bytes(sector), vendor_id: bytes(vendorId), created_at: at.getTime() };
    await trx('sectors').insert(row);
  } else if (text(standing.vendor_id) !== vendorId) {
    const wrong = `the sector "${sector}" belongs to the vendor "${text(standing.vendor_id)}"`;
    const right = 'two vendors must not share a sector';
    throw new RegistrationError([{ path: ['sector'], wrong, right }]);
  }
}

/** Makes a sector another vendor's, with every pseudonym in it. As {@link claimSector}. */
export async function giveSector(
  trx: Transaction,
  sector: string,
  vendorId: string,
): Promise<void> {
  await trx('sectors')
    .where({ sector: bytes(sector) })
    .update({ vendor_id: bytes(vendorId) });
}

/** Gives up a sector that no client and no pseudonym is in, and that is not linked. */
export async function releaseSector(trx: Transaction, sector: string): Promise<boolean> {
  const where = { sector: bytes(sector) };
  const inUse: unknown =
    (await trx('clients').where(where).first('client_id')) ??
    (await trx('pseudonyms').where(where).first('sub'));
  if (inUse !== undefined || (await isLinked(trx, sector))) return false;
  await trx('sectors').where(where).delete();
  return true;
}

/** How many users have a pseudonym in a sector, or in the one that it is linked into. */
export async function usersOfSector(db: Connection, sector: string): Promise<number> {
  const [row] = await db('pseudonyms')
    .where({ sector: bytes(await subjectSector(db, sector)) })
    .countDistinct({ users: 'user_index' });
  return Number(row?.['users'] ?? 0);
}

function toRow(vendor: Vendor) {
  return {
    id: bytes(vendor.id),
    name: vendor.name,
    contacts: JSON.stringify(vendor.contacts),
    policy_uri: vendor.policyUri ?? null,
    one_sector: vendor.oneSector,
    allowed_subject_types: JSON.stringify(vendor.allowedSubjectTypes),
    notice: vendor.notice,
    disconnect_policy: vendor.disconnect,
  };
}

function fromRow(row: VendorRow): Vendor {
  return {
    id: text(row.id),
    name: row.name,
    contacts: JSON.parse(row.contacts) as string[],
    policyUri: row.policy_uri ?? undefined,
    oneSector: Boolean(row.one_sector),
    allowedSubjectTypes: JSON.parse(row.allowed_subject_types) as SubjectType[],
    notice: Boolean(row.notice),
    disconnect: row.disconnect_policy as DisconnectPolicy,
  };
}

import type { AtRest } from '../database/at-rest.ts';
import { bytes, text } from '../database/bytes.ts';
import { orUnavailable, type Connection, type Transaction } from '../database/connection.ts';
import type { UpstreamAuthenticationMethod } from './client.ts';

/**
 * - `prepared`: an operator made it at the provider, for the next registration of its vendor.
 * - `unbound`: the proxy made it there for a registration that is not done.
 * - `bound`: a client uses it.
 * - `discarded`: no client uses it any more; it waits for being removed there.
 */
export type UpstreamClientState = 'prepared' | 'unbound' | 'bound' | 'discarded';

/** Where a client is managed at the provider, and with what (RFC 7592). */
export interface Management {
  readonly uri: string;
  readonly token: string;
}

/** A client at the provider that a registration uses, used or will use. */
export interface UpstreamClient {
  readonly id: string;
  readonly vendorId: string;
  readonly state: UpstreamClientState;
  /** The client of ours that uses it. */
  readonly clientId: string | undefined;
  readonly upstreamClientId: string;
  /** Only while it is prepared; afterwards the client has it. */
  readonly clientSecret: string | undefined;
  readonly authenticationMethod: UpstreamAuthenticationMethod | undefined;
  /** Undefined: the proxy cannot change or remove it there. */
  readonly management: Management | undefined;
  readonly createdAt: Date;
}

interface Row {
  readonly id: Buffer;
  readonly vendor_id: Buffer;
  readonly state: UpstreamClientState;
  readonly client_id: Buffer | null;
  readonly upstream_client_id: Buffer;
  readonly upstream_client_secret: Buffer | null;
  readonly authentication_method: UpstreamAuthenticationMethod | null;
  readonly management: Buffer | null;
  readonly created_at: number;
}

const TABLE = 'upstream_clients';

/** Adds a client of the provider, its secrets sealed. */
export async function insertUpstreamClient(
  trx: Transaction,
  atRest: AtRest,
  added: UpstreamClient,
): Promise<void> {
  const { id, createdAt, clientSecret, management } = added;
  const at = (column: string) => ({ table: TABLE, column, row: id });
  const sealedSecret =
    clientSecret === undefined
      ? null
      : atRest.seal(at('upstream_client_secret'), bytes(clientSecret));
  await trx(TABLE).insert({
    id: bytes(id),
    vendor_id: bytes(added.vendorId),
    state: added.state,
    client_id: added.clientId === undefined ? null : bytes(added.clientId),
    upstream_client_id: bytes(added.upstreamClientId),
    upstream_client_secret: sealedSecret,
    authentication_method: added.authenticationMethod ?? null,
    management: management === undefined ? null : sealedManagement(atRest, id, management),
    created_at: createdAt.getTime(),
    updated_at: createdAt.getTime(),
  });
}

/** Clients of the provider by what is known of them, oldest first. */
export async function readUpstreamClients(
  db: Connection,
  atRest: AtRest,
  by: {
    readonly vendorId?: string;
    readonly clientId?: string;
    readonly states?: readonly UpstreamClientState[];
  },
): Promise<readonly UpstreamClient[]> {
  const query = db<Row>(TABLE).orderBy('created_at').orderBy('id');
  if (by.vendorId !== undefined) void query.where({ vendor_id: bytes(by.vendorId) });
  if (by.clientId !== undefined) void query.where({ client_id: bytes(by.clientId) });
  if (by.states !== undefined) void query.whereIn('state', [...by.states]);
  const rows = await orUnavailable(() => query);
  return rows.map((row) => fromRow(row, atRest));
}

/** Whether any vendor has a client that waits for a registration. */
export async function hasPreparedClients(db: Connection): Promise<boolean> {
  const found: unknown = await orUnavailable(() =>
    db(TABLE).where({ state: 'prepared' }).first('id'),
  );
  return found !== undefined;
}

/** Gives one to a client; false: it is in use, or gone. */
export async function bindUpstreamClient(
  trx: Transaction,
  id: string,
  clientId: string,
  at: Date,
): Promise<boolean> {
  const bound = await trx(TABLE)
    .where({ id: bytes(id) })
    .whereIn('state', ['prepared', 'unbound'])
    .update({
      state: 'bound',
      client_id: bytes(clientId),
      upstream_client_secret: null,
      updated_at: at.getTime(),
    });
  return bound === 1;
}

/** Keeps where one is managed from now on: providers give another token with each answer. */
export async function saveManagement(
  db: Connection,
  atRest: AtRest,
  id: string,
  management: Management,
): Promise<void> {
  await db(TABLE)
    .where({ id: bytes(id) })
    .update({ management: sealedManagement(atRest, id, management) });
}

/** Lets the one that a client uses be another vendor's, with the client. */
export async function moveUpstreamClient(
  trx: Transaction,
  clientId: string,
  vendorId: string,
): Promise<void> {
  const where = { client_id: bytes(clientId) };
  await trx(TABLE)
    .where(where)
    .update({ vendor_id: bytes(vendorId) });
}

/**
 * Takes it from a client that is removed. It never serves another: its tokens know
 * users by what the first was told. What the proxy can remove at the provider waits for that.
 */
export async function releaseUpstreamClient(
  trx: Transaction,
  clientId: string,
  at: Date,
): Promise<void> {
  const where = { client_id: bytes(clientId) };
  await trx(TABLE).where(where).whereNull('management').delete();
  await trx(TABLE)
    .where(where)
    .update({ state: 'discarded', client_id: null, updated_at: at.getTime() });
}

/** Forgets one; false: it is gone. */
export async function deleteUpstreamClient(db: Connection, id: string): Promise<boolean> {
  const where = { id: bytes(id) };
  return (await db(TABLE).where(where).delete()) === 1;
}

/** Forgets what is prepared for a vendor that is removed. */
export async function deletePreparedOf(trx: Transaction, vendorId: string): Promise<void> {
  const where = { vendor_id: bytes(vendorId), state: 'prepared' };
  await trx(TABLE).where(where).delete();
}

function sealedManagement(atRest: AtRest, id: string, management: Management): Buffer {
  const context = { table: TABLE, column: 'management', row: id };
  return atRest.seal(context, bytes(JSON.stringify(management)));
}

function fromRow(row: Row, atRest: AtRest): UpstreamClient {
  const id = text(row.id);
  const opened = (column: 'upstream_client_secret' | 'management'): string | undefined => {
    const sealed = row[column];
    return sealed === null
      ? undefined
      : text(atRest.open({ table: TABLE, column, row: id }, sealed));
  };
  const management = opened('management');
  return {
    id,
    vendorId: text(row.vendor_id),
    state: row.state,
    clientId: row.client_id === null ? undefined : text(row.client_id),
    upstreamClientId: text(row.upstream_client_id),
    clientSecret: opened('upstream_client_secret'),
    authenticationMethod: row.authentication_method ?? undefined,
    management: management === undefined ? undefined : (JSON.parse(management) as Management),
    createdAt: new Date(row.created_at),
  };
}

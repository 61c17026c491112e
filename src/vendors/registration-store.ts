import { createHash } from 'node:crypto';

import { bytes, text } from '../database/bytes.ts';
import { orUnavailable, type Connection, type Transaction } from '../database/connection.ts';

/** A token with which a vendor registers clients (RFC 7591 3), as an operator sees it. */
export interface InitialToken {
  /** Names it; the token itself is not kept. */
  readonly id: string;
  readonly vendorId: string;
  readonly usesLeft: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** What is kept of a client that its vendor registered, beside the client itself. */
export interface RegistrationRow {
  readonly clientId: string;
  /** The initial access token that it was registered with. */
  readonly initialTokenId: string;
  readonly createdAt: Date;
}

interface InitialTokenRow {
  readonly id: Buffer;
  readonly vendor_id: Buffer;
  readonly uses_left: number;
  readonly created_at: number;
  readonly expires_at: number;
}

/** Keeps the hash of a new initial access token. */
export async function insertInitialToken(
  trx: Transaction,
  token: string,
  row: InitialToken,
): Promise<void> {
  await trx('initial_access_tokens').insert({
    id: bytes(row.id),
    vendor_id: bytes(row.vendorId),
    token_hash: hashOf(token),
    uses_left: row.usesLeft,
    created_at: row.createdAt.getTime(),
    expires_at: row.expiresAt.getTime(),
  });
}

/** The initial access tokens of a vendor, newest first, those that are of no more use too. */
export async function readInitialTokens(
  db: Connection,
  vendorId: string,
): Promise<readonly InitialToken[]> {
  const rows = await orUnavailable(() =>
    db<InitialTokenRow>('initial_access_tokens')
      .where({ vendor_id: bytes(vendorId) })
      .orderBy('created_at', 'desc'),
  );
  return rows.map(toInitialToken);
}

/** The initial access token that is good for one more registration, if this is one. */
export async function findInitialToken(
  db: Connection,
  token: string,
  now: Date,
): Promise<InitialToken | undefined> {
  const row = await orUnavailable(() =>
    db('initial_access_tokens')
      .where({ token_hash: hashOf(token) })
      .andWhere('uses_left', '>', 0)
      .andWhere('expires_at', '>', now.getTime())
      .first<InitialTokenRow | undefined>(),
  );
  return row === undefined ? undefined : toInitialToken(row);
}

/** Takes one use of an initial access token; false: none was left, or it has gone meanwhile. */
export async function useInitialToken(trx: Transaction, id: string, now: Date): Promise<boolean> {
  const used = await trx('initial_access_tokens')
    .where({ id: bytes(id) })
    .andWhere('uses_left', '>', 0)
    .andWhere('expires_at', '>', now.getTime())
    .decrement('uses_left', 1);
  return used === 1;
}

/** Forgets an initial access token; false: the vendor has none of that id. */
export async function deleteInitialToken(
  trx: Transaction,
  vendorId: string,
  id: string,
): Promise<boolean> {
  const where = { id: bytes(id), vendor_id: bytes(vendorId) };
  return (await trx('initial_access_tokens').where(where).delete()) === 1;
}

/** Forgets every initial access token of a vendor that is removed. */
export async function deleteInitialTokensOf(trx: Transaction, vendorId: string): Promise<void> {
  await trx('initial_access_tokens')
    .where({ vendor_id: bytes(vendorId) })
    .delete();
}

/** Notes that a vendor registered a client, and the hash of its registration access token. */
export async function insertRegistration(
  trx: Transaction,
  token: string,
  row: RegistrationRow,
): Promise<void> {
  await trx('client_registrations').insert({
    client_id: bytes(row.clientId),
    token_hash: hashOf(token),
    initial_token_id: bytes(row.initialTokenId),
    created_at: row.createdAt.getTime(),
    updated_at: row.createdAt.getTime(),
  });
}

/** The registration of this client, if the token is its own (RFC 7592 2). */
export async function findRegistration(
  db: Connection,
  clientId: string,
  token: string,
): Promise<RegistrationRow | undefined> {
  const row = await orUnavailable(() =>
    db('client_registrations')
      .where({ client_id: bytes(clientId), token_hash: hashOf(token) })
      .first<{ initial_token_id: Buffer; created_at: number } | undefined>(),
  );
  if (row === undefined) return undefined;
  return {
    clientId,
    initialTokenId: text(row.initial_token_id),
    createdAt: new Date(row.created_at),
  };
}

/** Puts another registration access token in the place of one, or of any; false: it was not that one. */
export async function replaceRegistrationToken(
  trx: Transaction,
  clientId: string,
  change: { readonly from?: string; readonly to: string; readonly at: Date },
): Promise<boolean> {
  const { from, to, at } = change;
  const replaced = await trx('client_registrations')
    .where({
      client_id: bytes(clientId),
      ...(from === undefined ? {} : { token_hash: hashOf(from) }),
    })
    .update({ token_hash: hashOf(to), updated_at: at.getTime() });
  return replaced === 1;
}

/** Forgets that a client was registered by its vendor: its registration access token is dead. */
export async function deleteRegistration(trx: Transaction, clientId: string): Promise<void> {
  const where = { client_id: bytes(clientId) };
  await trx('client_registrations').where(where).delete();
}

function toInitialToken(row: InitialTokenRow): InitialToken {
  return {
    id: text(row.id),
    vendorId: text(row.vendor_id),
    usesLeft: row.uses_left,
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

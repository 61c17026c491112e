import { createHash } from 'node:crypto';

import { bytes, text } from '../database/bytes.ts';
import { orUnavailable, type Connection, type Transaction } from '../database/connection.ts';

/** A token with which a vendor asks for the new subjects of its users, as an operator sees it. */
export interface MappingToken {
  /** Names it; the token itself is not kept. */
  readonly id: string;
  readonly clientId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

interface MappingTokenRow {
  readonly id: Buffer;
  readonly client_id: Buffer;
  readonly created_at: number;
  readonly expires_at: number;
}

/** Keeps the hash of a new token. */
export async function insertMappingToken(
  trx: Transaction,
  token: string,
  row: MappingToken,
): Promise<void> {
  await trx('mapping_tokens').insert({
    id: bytes(row.id),
    client_id: bytes(row.clientId),
    token_hash: hashOf(token),
    created_at: row.createdAt.getTime(),
    expires_at: row.expiresAt.getTime(),
  });
}

/** The tokens of a client, newest first, expired ones too. */
export async function readMappingTokens(
  db: Connection,
  clientId: string,
): Promise<readonly MappingToken[]> {
  const rows = await orUnavailable(() =>
    db<MappingTokenRow>('mapping_tokens')
      .where({ client_id: bytes(clientId) })
      .orderBy('created_at', 'desc'),
  );
  return rows.map(toMappingToken);
}

/** The token that this is, while it is good. */
export async function findMappingToken(
  db: Connection,
  token: string,
  now: Date,
): Promise<MappingToken | undefined> {
  const row = await orUnavailable(() =>
    db('mapping_tokens')
      .where({ token_hash: hashOf(token) })
      .andWhere('expires_at', '>', now.getTime())
      .first<MappingTokenRow | undefined>(),
  );
  return row && toMappingToken(row);
}

/** Ends one token of a client, or all of them; says whether there was any. */
export async function deleteMappingTokens(
  trx: Transaction,
  clientId: string,
  id?: string,
): Promise<boolean> {
  const which = { client_id: bytes(clientId), ...(id !== undefined && { id: bytes(id) }) };
  return (await trx('mapping_tokens').where(which).delete()) > 0;
}

function toMappingToken(row: MappingTokenRow): MappingToken {
  return {
    id: text(row.id),
    clientId: text(row.client_id),
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
  };
}

/** 256 random bits need no salt. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(bytes(token)).digest();
}

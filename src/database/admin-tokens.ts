import { createHash } from 'node:crypto';

import { bytes, text } from './bytes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';

/** A token for the admin API, without the token itself, of which only a hash is kept. */
export interface AdminTokenRow {
  readonly name: string;
  /** Separated by spaces. */
  readonly scopes: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
  /** Days since 1970 (UTC). */
  readonly lastUsedDay: number | undefined;
}

interface StoredRow {
  readonly name: Buffer;
  readonly scopes: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly last_used_day: number | null;
}

const COLUMNS = ['name', 'scopes', 'created_at', 'expires_at', 'revoked_at', 'last_used_day'];

/** Keeps the hash of a new token; a name that was ever used is a unique violation. */
export async function insertAdminToken(
  trx: Transaction,
  token: string,
  row: Pick<AdminTokenRow, 'name' | 'scopes' | 'createdAt' | 'expiresAt'>,
): Promise<void> {
  await trx('admin_tokens').insert({
    name: bytes(row.name),
    token_hash: hashOf(token),
    scopes: row.scopes,
    created_at: row.createdAt.getTime(),
    expires_at: row.expiresAt.getTime(),
  });
}

/** All tokens by their names, also those that are of no more use. */
export async function readAdminTokens(db: Connection): Promise<readonly AdminTokenRow[]> {
  const rows = await orUnavailable(() =>
    db<StoredRow>('admin_tokens').orderBy('name').select<StoredRow[]>(COLUMNS),
  );
  return rows.map(fromRow);
}

/** The token that is good at this time, if this is one. */
export async function findAdminToken(
  db: Connection,
  token: string,
  now: Date,
): Promise<AdminTokenRow | undefined> {
  const [row] = await orUnavailable(() =>
    db('admin_tokens')
      .where({ token_hash: hashOf(token) })
      .whereNull('revoked_at')
      .andWhere('expires_at', '>', now.getTime())
      .select<StoredRow[]>(COLUMNS),
  );
  return row && fromRow(row);
}

/** Notes that a token was used on a day. */
export async function markAdminTokenUsed(db: Connection, name: string, day: number): Promise<void> {
  await orUnavailable(() =>
    db('admin_tokens')
      .where({ name: bytes(name) })
      .update({ last_used_day: day }),
  );
}

/** Ends a token; false: there is none of that name, or it was ended before. */
export async function endAdminToken(trx: Transaction, name: string, at: Date): Promise<boolean> {
  const ended = await trx('admin_tokens')
    .where({ name: bytes(name) })
    .whereNull('revoked_at')
    .update({ revoked_at: at.getTime() });
  return ended === 1;
}

function fromRow(row: StoredRow): AdminTokenRow {
  return {
    name: text(row.name),
    scopes: row.scopes,
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
    revokedAt: row.revoked_at === null ? undefined : new Date(row.revoked_at),
    lastUsedDay: row.last_used_day ?? undefined,
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

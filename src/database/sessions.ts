import { appendChange } from './changes.ts';
import { asBuffer, bytes, text } from './bytes.ts';
import { inTransaction, orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';
import { purgeExpired } from './purge.ts';

/** One grant: one login of one user at one client. */
export interface SessionRow {
  readonly grantId: string;
  readonly clientId: string;
  readonly sector: string;
  readonly userIndex: Uint8Array;
  /** The `sid` that the vendor sees. */
  readonly sid?: string;
  /** A keyed hash of the upstream's `sid`, 32 bytes. */
  readonly upstreamSidIndex?: Uint8Array;
  /** The pseudonym that the vendor was given, or `ORIGINAL_SUBJECT`. */
  readonly releasedSub?: string;
  /** A keyed hash of the cookie that binds the browser, 32 bytes. */
  readonly browserIndex?: Uint8Array;
  /** The upstream's ID token, sealed by the caller. */
  readonly upstreamIdToken?: Uint8Array;
  readonly createdAt: Date;
  /** From then on nothing that the grant yielded is accepted any more. */
  readonly expiresAt: Date;
}

export async function insertSession(trx: Transaction, row: SessionRow): Promise<void> {
  await trx('sessions').insert({
    grant_id: bytes(row.grantId),
    client_id: bytes(row.clientId),
    sector: bytes(row.sector),
    user_index: asBuffer(row.userIndex),
    sid: row.sid === undefined ? null : bytes(row.sid),
    upstream_sid_index: row.upstreamSidIndex === undefined ? null : asBuffer(row.upstreamSidIndex),
    released_sub: row.releasedSub === undefined ? null : bytes(row.releasedSub),
    browser_index: row.browserIndex === undefined ? null : asBuffer(row.browserIndex),
    upstream_id_token: row.upstreamIdToken === undefined ? null : asBuffer(row.upstreamIdToken),
    created_at: row.createdAt.getTime(),
    expires_at: row.expiresAt.getTime(),
  });
}

/** Whose grant it is, while it has not expired. */
export async function findSession(
  db: Connection,
  grantId: string,
): Promise<Pick<SessionRow, 'clientId' | 'sector' | 'userIndex'> | undefined> {
  const row = await db('sessions')
    .where({ grant_id: bytes(grantId) })
    .first<{ client_id: Buffer; sector: Buffer; user_index: Buffer } | undefined>(
      ...['client_id', 'sector', 'user_index'],
    );
  return (
    row && { clientId: text(row.client_id), sector: text(row.sector), userIndex: row.user_index }
  );
}

/** Ends a grant and tells every replica. False: there is no such grant, or it had ended before. */
export async function revokeGrant(db: Connection, grantId: string, at: Date): Promise<boolean> {
  return inTransaction(db, (trx) => revokeGrantIn(trx, grantId, at));
}

/** {@link revokeGrant} within a transaction; do it last, as {@link appendChange} asks. */
export async function revokeGrantIn(trx: Transaction, grantId: string, at: Date): Promise<boolean> {
  const revoked = await trx('sessions')
    .where({ grant_id: bytes(grantId) })
    .whereNull('revoked_at')
    .update({ revoked_at: at.getTime() });
  if (revoked === 1) await appendChange(trx, 'grant', grantId, at);
  return revoked === 1;
}

/** The revoked grants whose tokens have not expired yet. */
export async function revokedGrants(db: Connection, now: Date): Promise<readonly string[]> {
  const rows = await orUnavailable(() =>
    db('sessions')
      .whereNotNull('revoked_at')
      .andWhere('expires_at', '>', now.getTime())
      .select<{ grant_id: Buffer }[]>('grant_id'),
  );
  return rows.map((row) => text(row.grant_id));
}

/** How many grants end within a time, the first instant included; one range of an index. */
export async function countSessionsExpiring(
  db: Connection,
  from: Date,
  until: Date,
): Promise<number> {
  const [row] = await orUnavailable(() =>
    db('sessions')
      .where('expires_at', '>=', from.getTime())
      .andWhere('expires_at', '<', until.getTime())
      .count<{ sessions: number | string }[]>({ sessions: '*' }),
  );
  return Number(row?.sessions ?? 0);
}

/** Forgets grants that have expired; returns how many. */
export function purgeSessions(db: Connection, now: Date): Promise<number> {
  return purgeExpired(db, 'sessions', now);
}

import { createHash } from 'node:crypto';

import { bytes, text } from './bytes.ts';
import { isUniqueViolation, orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';
import { purgeExpired } from './purge.ts';

/** A value that may be used once, in all replicas together. */
export interface OneTimeValue {
  /** What it is used for; the same bytes for another purpose are another value. */
  readonly purpose: string;
  /** Kept as its SHA-256 only. */
  readonly value: Uint8Array;
  /** From then on nobody would accept the value any more, so the row may go. */
  readonly expiresAt: Date;
  /** The grant that it yields, to be revoked when the value comes again. */
  readonly grantId?: string;
}

/**
 * Uses a value up. False: it was used before (also by a transaction that
 * committed while this one waited). It comes back with a rollback.
 */
export async function spend(trx: Transaction, oneTime: OneTimeValue): Promise<boolean> {
  const { purpose, value, expiresAt, grantId } = oneTime;
  try {
    await trx('spent').insert({
      purpose,
      hash: hashOf(value),
      expires_at: expiresAt.getTime(),
      grant_id: grantId === undefined ? null : bytes(grantId),
    });
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

/** What is known of a used value: the grant it yielded. Undefined: not used so far. */
export async function findSpent(
  db: Connection,
  purpose: string,
  value: Uint8Array,
): Promise<{ grantId: string | undefined } | undefined> {
  const row = await orUnavailable(() =>
    db('spent')
      .where({ purpose, hash: hashOf(value) })
      .first<{ grant_id: Buffer | null } | undefined>('grant_id'),
  );
  return row && { grantId: row.grant_id === null ? undefined : text(row.grant_id) };
}

/** Forgets values that have expired; returns how many. */
export function purgeSpent(db: Connection, now: Date): Promise<number> {
  return purgeExpired(db, 'spent', now);
}

function hashOf(value: Uint8Array): Buffer {
  return createHash('sha256').update(value).digest();
}

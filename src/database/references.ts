import { createHash, randomBytes } from 'node:crypto';

import { asBuffer } from './bytes.ts';
import { inTransaction, isUniqueViolation, orUnavailable } from './connection.ts';
import type { Connection } from './connection.ts';
import { purgeExpired } from './purge.ts';

/**
 * Keeps a value behind a random reference (43 characters of base64url). Only
 * the reference's hash is stored, so the database alone redeems nothing. The
 * caller seals the value. What is of one user is erased with the user, whose
 * blind index it then carries.
 */
export async function putReference(
  db: Connection,
  purpose: string,
  value: Uint8Array,
  expiresAt: Date,
  user?: Uint8Array,
): Promise<string> {
  const reference = randomBytes(32).toString('base64url');
  await insert(db, purpose, reference, value, expiresAt, user);
  return reference;
}

/**
 * Keeps a value behind a name of the caller's own, such as a code that people
 * type. False: the name is taken for the time being.
 */
export async function putNamed(
  db: Connection,
  purpose: string,
  name: string,
  value: Uint8Array,
  expiresAt: Date,
  user?: Uint8Array,
): Promise<boolean> {
  try {
    await insert(db, purpose, name, value, expiresAt, user);
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

/** The value behind a reference; undefined when there is none for this purpose, or it has expired. */
export async function readReference(
  db: Connection,
  purpose: string,
  reference: string,
  now: Date,
): Promise<Buffer | undefined> {
  const row = await orUnavailable(() =>
    db('sealed_references')
      .where({ hash: hashOf(reference), purpose })
      .andWhere('expires_at', '>', now.getTime())
      .first<{ value: Buffer } | undefined>('value'),
  );
  return row?.value;
}

/** Like {@link readReference}, once: the reference is gone afterwards, for every replica. */
export async function takeReference(
  db: Connection,
  purpose: string,
  reference: string,
  now: Date,
): Promise<Buffer | undefined> {
  return inTransaction(db, async (trx) => {
    const value = await readReference(trx, purpose, reference, now);
    if (value === undefined) return undefined;
    const taken = await trx('sealed_references')
      .where({ hash: hashOf(reference), purpose })
      .del();
    return taken === 1 ? value : undefined;
  });
}

/** Forgets values that have expired; returns how many. */
export function purgeReferences(db: Connection, now: Date): Promise<number> {
  return purgeExpired(db, 'sealed_references', now);
}

async function insert(
  db: Connection,
  purpose: string,
  reference: string,
  value: Uint8Array,
  expiresAt: Date,
  user?: Uint8Array,
): Promise<void> {
  await orUnavailable(() =>
    db('sealed_references').insert({
      hash: hashOf(reference),
      purpose,
      value: asBuffer(value),
      expires_at: expiresAt.getTime(),
      user_index: user === undefined ? null : asBuffer(user),
    }),
  );
}

function hashOf(reference: string): Buffer {
  return createHash('sha256').update(reference).digest();
}

import { createHash, createHmac } from 'node:crypto';

import type { AtRest, Place } from './at-rest.ts';
import { lengthPrefixed } from '../keyed-hash.ts';
import { asBuffer, bytes } from './bytes.ts';
import { inTransaction, isUniqueViolation, orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';

/** A request that its sender may send again under the same key. */
export interface KeyedRequest {
  /** Who sent it: keys of two senders are two keys. */
  readonly sender: string;
  /** What the sender calls it; only hashes of it are kept. */
  readonly key: string;
  /** All that the request asks for. */
  readonly contents: Uint8Array;
  /** Whether it names a user, or its answer does: an erasure then forgets the answer. */
  readonly namesUsers: boolean;
}

/** What became of a key when it came. */
export type Taken =
  | { readonly state: 'new' }
  /** The same request came before, and this is what was answered. */
  | { readonly state: 'done'; readonly answer: Buffer }
  /** The same request came before, and its answer is not there: not yet, or no more. */
  | { readonly state: 'under_way' | 'forgotten'; readonly since: Date }
  /** Another request came under the same key. */
  | { readonly state: 'other' };

interface Row {
  readonly fingerprint: Buffer;
  readonly status: number | null;
  readonly answer: Buffer | null;
  readonly created_at: number;
}

/** Takes a key for a request, once among all replicas, or says what became of it before. */
export async function takeKey(
  db: Connection,
  atRest: AtRest,
  request: KeyedRequest,
  times: { readonly at: Date; readonly expiresAt: Date },
): Promise<Taken> {
  const hash = hashOf(request);
  // Keyed by the key, which is not stored: the row alone confirms no guess of what it asked for.
  const fingerprint = createHmac('sha256', request.key).update(request.contents).digest();
  await orUnavailable(() =>
    db('admin_requests')
      .where({ key_hash: hash })
      .andWhere('expires_at', '<=', times.at.getTime())
      .del(),
  );
  try {
    await inTransaction(db, async (trx) => {
      await trx('admin_requests').insert({
        ...{ key_hash: hash, fingerprint, names_users: request.namesUsers },
        ...{ created_at: times.at.getTime(), expires_at: times.expiresAt.getTime() },
      });
    });
    return { state: 'new' };
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
  const row = await orUnavailable(() =>
    db('admin_requests').where({ key_hash: hash }).first<Row | undefined>(),
  );
  const since = new Date(row?.created_at ?? times.at.getTime());
  if (row === undefined) return { state: 'under_way', since };
  if (!asBuffer(row.fingerprint).equals(fingerprint)) return { state: 'other' };
  if (row.status === null) return { state: 'under_way', since };
  if (row.answer === null) return { state: 'forgotten', since };
  return { state: 'done', answer: atRest.open(placeOf(hash), row.answer) };
}

/** Keeps what was answered under a key. */
export async function keepAnswer(
  db: Connection,
  atRest: AtRest,
  request: KeyedRequest,
  { status, answer }: { readonly status: number; readonly answer: Uint8Array },
): Promise<void> {
  const hash = hashOf(request);
  const sealed = atRest.seal(placeOf(hash), answer);
  await orUnavailable(() =>
    db('admin_requests').where({ key_hash: hash }).update({ status, answer: sealed }),
  );
}

/** Gives a key back whose request was not carried out. */
export async function giveKeyBack(db: Connection, request: KeyedRequest): Promise<void> {
  await orUnavailable(() =>
    db('admin_requests')
      .where({ key_hash: hashOf(request) })
      .del(),
  );
}

/** Forgets every kept answer that may name a user; that the requests came stays known. */
export async function forgetAnswersOnUsers(trx: Transaction): Promise<void> {
  await trx('admin_requests')
    .where({ names_users: true })
    .whereNotNull('answer')
    .update({ answer: null });
}

function hashOf({ sender, key }: KeyedRequest): Buffer {
  return createHash('sha256')
    .update(lengthPrefixed(bytes(sender), bytes(key)))
    .digest();
}

function placeOf(hash: Buffer): Place {
  return { table: 'admin_requests', column: 'answer', row: hash.toString('base64url') };
}

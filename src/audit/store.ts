import { randomBytes } from 'node:crypto';

import { asBuffer, bytes } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { insertMany } from '../database/insert-many.ts';
import { chainHash } from './entry.ts';
import type { AuditEntry, ChainHead, ChainRow } from './entry.ts';

/** A user in one sector, as the mapping names them. */
export type AuditedUser = NonNullable<AuditEntry['user']>;

/** Bytes of a handle. */
export const HANDLE = 16;

/**
 * Appends one act to the audit log, in the transaction of the act itself:
 * either both are done, or neither is. The one head row stays locked until that
 * transaction ends, so make this its last statement, after `appendChange`.
 *
 * @returns the position, from 1 without gaps
 */
export async function appendAudit(trx: Transaction, entry: AuditEntry, at: Date): Promise<number> {
  return appendAudits(trx, [{ entry, at }]);
}

/** {@link appendAudit} for several acts in their order; returns the last position. */
export async function appendAudits(
  trx: Transaction,
  acts: readonly { readonly entry: AuditEntry; readonly at: Date }[],
): Promise<number> {
  if (acts.length === 0) return (await readHead(trx)).position;
  let { position, hash } = await lockHead(trx);
  const rows = [];
  for (const { entry, at } of acts) {
    position += 1;
    const row: ChainRow = { position, ...(await columnsOf(trx, entry, at)) };
    hash = chainHash(hash, row);
    rows.push({ ...row, hash: asBuffer(hash) });
  }
  await insertMany(trx, 'audit_log', rows);
  await trx('audit_head')
    .where({ id: 1 })
    .update({ position, hash: asBuffer(hash) });
  return position;
}

/**
 * Lets one writer at a time append, and make or destroy handles, until its
 * transaction ends. The lock comes last in every transaction, after the change log's.
 */
export async function lockHead(trx: Transaction): Promise<ChainHead> {
  return trx('audit_head').where({ id: 1 }).forUpdate().first<ChainHead>('position', 'hash');
}

/** The last position and the hash there. */
export async function readHead(db: Connection): Promise<ChainHead> {
  return db('audit_head').where({ id: 1 }).first<ChainHead>('position', 'hash');
}

/**
 * Makes a user's rows in the log nobody's: what led from their handle to them is
 * destroyed. The rows themselves stay, and so does the chain over them. It locks
 * the head, so it comes behind `appendChange`, and behind the removal of what is
 * known of the user.
 */
export async function forgetUser(trx: Transaction, user: AuditedUser): Promise<void> {
  // Whoever is making a handle for the user has finished then.
  await lockHead(trx);
  await trx('audit_handles').where(keyOf(user)).delete();
}

/** The handle that a user appears by, made at the first call; under the head's lock. */
async function handleOf(trx: Transaction, user: AuditedUser): Promise<Buffer> {
  const known = await findHandle(trx, user);
  if (known !== undefined) return known;
  const handle = randomBytes(HANDLE);
  await trx('audit_handles').insert({ handle, ...keyOf(user) });
  return handle;
}

/** The handle that a user appears by, if there is one. */
export async function findHandle(db: Connection, user: AuditedUser): Promise<Buffer | undefined> {
  const row = await db('audit_handles').where(keyOf(user)).first<{ handle: Buffer }>('handle');
  return row?.handle;
}

async function columnsOf(
  trx: Transaction,
  entry: AuditEntry,
  at: Date,
): Promise<Omit<ChainRow, 'position'>> {
  const { act, actor, target, user, reason, requestId, details } = entry;
  return {
    act,
    actor: bytes(actor),
    target: bytes(target),
    handle: user === undefined ? null : await handleOf(trx, user),
    reason: reason === undefined ? null : bytes(reason),
    request_id: requestId === undefined ? null : bytes(requestId),
    details: details === undefined ? null : bytes(JSON.stringify(details)),
    at: at.getTime(),
  };
}

function keyOf({ sector, userIndex }: AuditedUser) {
  return { sector: bytes(sector), user_index: asBuffer(userIndex) };
}

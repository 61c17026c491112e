import { bytes, text } from './bytes.ts';
import { orUnavailable } from './failures.ts';
import type { Connection, Transaction } from './connection.ts';

/**
 * What changed: a client (or one of its phases), a vendor, the keys, a grant that was revoked, or
 * a user whose tokens were ended.
 */
export type ChangeKind = 'client' | 'vendor' | 'keys' | 'grant' | 'subject';

/** One entry of the change log, which replicas poll. */
export interface Change {
  /** Counts from 1; commit order is position order, so a reader never misses one. */
  readonly position: number;
  readonly kind: ChangeKind;
  /** The identifier of what changed. */
  readonly target: string;
  readonly at: Date;
}

interface Row {
  position: number;
  kind: ChangeKind;
  target: Buffer;
  at: number;
}

/**
 * Records a change within the transaction that makes it; returns its position.
 * The one counter row stays locked until that transaction ends, which is what
 * makes commit order and position order the same: append last.
 */
export async function appendChange(
  trx: Transaction,
  kind: ChangeKind,
  target: string,
  at: Date,
): Promise<number> {
  await trx('change_head').where({ id: 1 }).increment('position', 1);
  const position = await headOf(trx);
  await trx('changes').insert({ position, kind, target: bytes(target), at: at.getTime() });
  return position;
}

/** Leaves out the next positions. Whoever sees the gap reads everything anew. */
export async function skipChanges(trx: Transaction, count: number): Promise<void> {
  await trx('change_head').where({ id: 1 }).increment('position', count);
}

/** The changes after a position, oldest first, `limit` at most. */
export async function readChanges(
  db: Connection,
  after: number,
  limit = 1000,
): Promise<readonly Change[]> {
  const rows = await orUnavailable(() =>
    db('changes')
      .where('position', '>', after)
      .orderBy('position')
      .limit(limit)
      .select<Row[]>('position', 'kind', 'target', 'at'),
  );
  return rows.map(({ position, kind, target, at }) => ({
    position,
    kind,
    target: text(target),
    at: new Date(at),
  }));
}

/** The newest position; 0 when nothing has changed yet. */
export async function lastChange(db: Connection): Promise<number> {
  return orUnavailable(() => headOf(db));
}

async function headOf(db: Connection): Promise<number> {
  const row = await db('change_head').where({ id: 1 }).first<{ position: number }>('position');
  return row.position;
}

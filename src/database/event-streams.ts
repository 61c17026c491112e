import { bytes, text } from './bytes.ts';
import { inTransaction, isUniqueViolation, orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';
import { insertMany } from './insert-many.ts';

/** Where in the order of events a stream is: behind this one. */
export interface StreamPosition {
  /** Events are numbered in batches, in the order in which they became visible. */
  readonly batch: number;
  /** The event within the batch. */
  readonly place: number;
}

/** How far one receiver of events is. */
export interface EventStream extends StreamPosition {
  readonly id: string;
  /** When it may be tried next. */
  readonly dueAt: Date;
  /** Failed attempts since the last success. */
  readonly failures: number;
  /** Failed attempts with the event that comes next. */
  readonly tries: number;
  readonly delivered: number;
  /** Events that were given up. */
  readonly abandoned: number;
  readonly deliveredAt: Date | undefined;
  readonly lastFailure: string | undefined;
}

interface Row {
  readonly id: Buffer;
  readonly batch: number | string;
  readonly place: number | string;
  readonly due_at: number | string;
  readonly failures: number;
  readonly tries: number;
  readonly delivered: number | string;
  readonly abandoned: number | string;
  readonly delivered_at: number | string | null;
  readonly last_failure: Buffer | null;
}

/** The stream of the operator's own receiver; those of vendors are named `client:…`. */
export const SECURITY_STREAM = 'security';

const NOBODY = bytes('');

/** Whoever sends has lost the stream, and the next one need not wait. */
const AT_ONCE = { due_at: 0, lease_until: 0, failures: 0, tries: 0, holder: NOBODY } as const;

/** A stream as it stands; one that nothing was ever sent through is at the beginning. */
export async function readStream(
  db: Connection | Transaction,
  id: string,
): Promise<EventStream | undefined> {
  const row = await orUnavailable(() =>
    db('event_streams')
      .where({ id: bytes(id) })
      .first<Row | undefined>(),
  );
  return row && streamFrom(row);
}

/** The streams named that may be tried now, and nobody is at; undefined of those never tried. */
export async function readStreams(
  db: Connection,
  ids: readonly string[],
): Promise<ReadonlyMap<string, EventStream & { readonly leaseUntil: Date }>> {
  const rows = await orUnavailable(() =>
    db('event_streams')
      .whereIn('id', ids.map(bytes))
      .select<(Row & { readonly lease_until: number | string })[]>(),
  );
  return new Map(
    rows.map((row) => [
      text(row.id),
      { ...streamFrom(row), leaseUntil: new Date(Number(row.lease_until)) },
    ]),
  );
}

/** Makes a stream, unless there is one; it begins with the oldest event, or behind `from`. */
export async function openStream(
  db: Connection,
  id: string,
  from: StreamPosition = { batch: 0, place: 0 },
): Promise<void> {
  if ((await readStream(db, id)) !== undefined) return;
  const { batch, place } = from;
  const start = { batch, place, holder: NOBODY, lease_until: 0, due_at: 0 };
  const counts = { failures: 0, tries: 0, delivered: 0, abandoned: 0 };
  try {
    await orUnavailable(() => db('event_streams').insert({ id: bytes(id), ...start, ...counts }));
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
}

/**
 * Takes a stream up, so that nobody else sends through it before `until` unless it is
 * given back. Undefined: it is not due, or another replica has it.
 */
export async function takeStream(
  db: Connection,
  id: string,
  holder: string,
  { now, until }: { readonly now: Date; readonly until: Date },
): Promise<EventStream | undefined> {
  await openStream(db, id);
  const taken = await orUnavailable(() =>
    db('event_streams')
      .where({ id: bytes(id) })
      .andWhere('due_at', '<=', now.getTime())
      .andWhere('lease_until', '<=', now.getTime())
      .update({ holder: bytes(holder), lease_until: until.getTime() }),
  );
  return taken === 1 ? readStream(db, id) : undefined;
}

/** What becomes of a stream that this process holds. */
export interface StreamProgress extends EventStream {
  /** Until when it is held; the epoch gives it back. */
  readonly leaseUntil: Date;
}

/** Notes how far a stream is. False: another process has taken it over, so nothing was noted. */
export async function saveStream(
  trx: Transaction,
  holder: string,
  stream: StreamProgress,
): Promise<boolean> {
  const saved = await trx('event_streams')
    .where({ id: bytes(stream.id), holder: bytes(holder) })
    .update({ ...columnsOf(stream), lease_until: stream.leaseUntil.getTime() });
  return saved === 1;
}

/** Moves a stream that is read, not sent through. False: it was moved meanwhile. */
export async function moveStream(
  trx: Transaction,
  from: EventStream,
  to: EventStream,
): Promise<boolean> {
  const moved = await trx('event_streams')
    .where({ id: bytes(from.id), batch: from.batch, place: from.place })
    .update(columnsOf(to));
  return moved === 1;
}

/** Lets a stream begin anew with the oldest event. */
export async function rewindStream(trx: Transaction, id: string): Promise<void> {
  await trx('event_streams')
    .where({ id: bytes(id) })
    .update({ batch: 0, place: 0, ...AT_ONCE });
  await deleteAcks(trx, id);
}

/** Forgets a stream whose receiver is gone. */
export async function deleteStream(trx: Transaction, id: string): Promise<void> {
  await deleteAcks(trx, id);
  await trx('event_streams')
    .where({ id: bytes(id) })
    .del();
}

/** The events that a receiver took before others that come earlier. */
export async function readAcks(db: Connection, id: string): Promise<ReadonlySet<number>> {
  const rows = await orUnavailable(() =>
    db('event_acks')
      .where({ stream_id: bytes(id) })
      .select<{ event_id: number | string }[]>('event_id'),
  );
  return new Set(rows.map((row) => Number(row.event_id)));
}

/** Replaces what {@link readAcks} tells. */
export async function writeAcks(
  trx: Transaction,
  id: string,
  events: readonly number[],
): Promise<void> {
  await deleteAcks(trx, id);
  if (events.length === 0) return;
  const rows = events.map((event) => ({ stream_id: bytes(id), event_id: event }));
  await insertMany(trx, 'event_acks', rows);
}

const ROWS_A_BATCH = 500;

/**
 * Numbers the changes that became visible since the last time, and returns the
 * last number. Ids are given out before a transaction commits, and on a cluster by
 * each node from a share of its own, so that a reader who went by them could pass
 * one that comes later. Numbers are given to what is there already.
 */
export async function numberChanges(db: Connection): Promise<number> {
  for (;;) {
    const waiting = await orUnavailable(() =>
      db('subject_changes').whereNull('batch').first<{ id: number } | undefined>('id'),
    );
    if (waiting === undefined) return lastBatch(db);
    await inTransaction(db, async (trx) => {
      // It locks the one row, also against whoever would read the same changes.
      await trx('event_batches').where({ id: 1 }).increment('last', 1);
      const batch = await lastBatch(trx);
      const rows = await trx('subject_changes')
        .whereNull('batch')
        .orderBy('id')
        .limit(ROWS_A_BATCH)
        .select<{ id: number }[]>('id');
      const ids = rows.map(({ id }) => id);
      await trx('subject_changes').whereIn('id', ids).whereNull('batch').update({ batch });
    });
  }
}

async function lastBatch(db: Connection | Transaction): Promise<number> {
  const row = await orUnavailable(() =>
    db('event_batches').where({ id: 1 }).first<{ last: number | string }>('last'),
  );
  return Number(row.last);
}

async function deleteAcks(trx: Transaction, id: string): Promise<void> {
  await trx('event_acks')
    .where({ stream_id: bytes(id) })
    .del();
}

function streamFrom(row: Row): EventStream {
  return {
    id: text(row.id),
    batch: Number(row.batch),
    place: Number(row.place),
    dueAt: new Date(Number(row.due_at)),
    failures: row.failures,
    tries: row.tries,
    delivered: Number(row.delivered),
    abandoned: Number(row.abandoned),
    deliveredAt: row.delivered_at === null ? undefined : new Date(Number(row.delivered_at)),
    lastFailure: row.last_failure === null ? undefined : text(row.last_failure),
  };
}

function columnsOf(stream: EventStream) {
  return {
    batch: stream.batch,
    place: stream.place,
    due_at: stream.dueAt.getTime(),
    failures: stream.failures,
    tries: stream.tries,
    delivered: stream.delivered,
    abandoned: stream.abandoned,
    delivered_at: stream.deliveredAt?.getTime() ?? null,
    last_failure: stream.lastFailure === undefined ? null : bytes(stream.lastFailure),
  };
}

import type { By } from '../audit/by.ts';
import { SYSTEM } from '../audit/by.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { appendAudits } from '../audit/store.ts';
import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import type { EventStream, StreamPosition, StreamProgress } from '../database/event-streams.ts';
import {
  moveStream,
  numberChanges,
  openStream,
  readAcks,
  readStream,
  readStreams,
  saveStream,
  takeStream,
  writeAcks,
} from '../database/event-streams.ts';
import type { ChangeQuery, TellableChange } from '../database/told-changes.ts';
import { changesFor } from '../database/told-changes.ts';

export type { EventStream, StreamPosition } from '../database/event-streams.ts';
export type { TellableChange } from '../database/told-changes.ts';

/** Milliseconds after which a replica that sends and says nothing is taken for dead. */
const LEASE = 30_000;
/** Behind every event of a batch. */
const END = Number.MAX_SAFE_INTEGER;
/** How often a reader who was overtaken looks again. */
const ATTEMPTS = 5;

/** An event that was given up. */
export interface AbandonedEvent {
  readonly jti: string;
  readonly why: string;
  readonly attempts: number;
}

/** What came of events since the last time that it was noted. */
export interface EventTally {
  readonly delivered: number;
  readonly abandoned: readonly AbandonedEvent[];
}

/** What a reader's acknowledgements come to. */
export interface ReadEvents extends EventTally {
  readonly position: StreamPosition;
  /** Events behind the position that were taken already. */
  readonly ahead: readonly number[];
}

/** How far each vendor is with what it is told of changed subjects, in all replicas together. */
export class SubjectEvents {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** Which of these clients may have something to be sent, and are nobody's business now. */
  async waiting(clientIds: readonly string[], now: Date): Promise<readonly string[]> {
    const last = await numberChanges(this.#db);
    const streams = await readStreams(this.#db, clientIds.map(streamOf));
    return clientIds.filter((clientId) => {
      const stream = streams.get(streamOf(clientId));
      if (stream === undefined) return last > 0;
      const isBehind = stream.batch < last || stream.place < END;
      return isBehind && stream.dueAt <= now && stream.leaseUntil <= now;
    });
  }

  /** Takes a client's stream up; undefined: another replica has it. */
  take(clientId: string, holder: string, now: Date): Promise<EventStream | undefined> {
    const until = leaseFrom(now);
    return takeStream(this.#db, streamOf(clientId), holder, { now, until });
  }

  /** What comes next for a client; `end` is behind it, undefined where more comes then. */
  async next(query: Omit<ChangeQuery, 'lastBatch'>): Promise<{
    readonly changes: readonly TellableChange[];
    readonly end: StreamPosition | undefined;
  }> {
    const lastBatch = await numberChanges(this.#db);
    const changes = await changesFor(this.#db, { ...query, lastBatch });
    return { changes, end: changes.length < query.limit ? behind(lastBatch) : undefined };
  }

  /**
   * Notes how far a sender is, and keeps the stream or gives it back. Undefined: another
   * process has it, and nothing was noted.
   */
  save(
    { clientId, holder }: { readonly clientId: string; readonly holder: string },
    stream: EventStream,
    tally: EventTally,
    then: { readonly now: Date; readonly lease: 'keep' | 'give back' },
  ): Promise<EventStream | undefined> {
    const { now, lease } = then;
    const leaseUntil = lease === 'keep' ? leaseFrom(now) : new Date(0);
    const progress: StreamProgress = { ...stream, ...counted(stream, tally, now), leaseUntil };
    return inTransaction(this.#db, async (trx) => {
      if (!(await saveStream(trx, holder, progress))) return undefined;
      await appendAudits(trx, entriesOf(clientId, tally, SYSTEM, now));
      return progress;
    });
  }

  /**
   * Lets a client take events: `judge` says what its acknowledgements come to, and is asked
   * again where another request of the client's came first.
   */
  async read(
    clientId: string,
    judge: (stream: EventStream, taken: ReadonlySet<number>) => Promise<ReadEvents>,
    { by, clock }: { readonly by: By; readonly clock: () => Date },
  ): Promise<void> {
    const id = streamOf(clientId);
    await openStream(this.#db, id);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const stream = await readStream(this.#db, id);
      if (stream === undefined) return;
      const taken = await readAcks(this.#db, id);
      const judged = await judge(stream, taken);
      if (isUnchanged(stream, taken, judged)) return;
      const now = clock();
      const { position, ahead } = judged;
      const to = { ...stream, ...position, ...counted(stream, judged, now) };
      const moved = await inTransaction(this.#db, async (trx) => {
        if (!(await moveStream(trx, stream, to))) return false;
        await writeAcks(trx, id, ahead);
        await appendAudits(trx, entriesOf(clientId, judged, by, now));
        return true;
      });
      if (moved) return;
    }
  }
}

/** The name of a client's stream; other kinds of receivers have others. */
export function streamOf(clientId: string): string {
  return `client:${clientId}`;
}

function leaseFrom(now: Date): Date {
  return new Date(now.getTime() + LEASE);
}

function behind(batch: number): StreamPosition {
  return { batch, place: END };
}

function counted(stream: EventStream, { delivered, abandoned }: EventTally, now: Date) {
  return {
    delivered: stream.delivered + delivered,
    abandoned: stream.abandoned + abandoned.length,
    deliveredAt: delivered > 0 ? now : stream.deliveredAt,
  };
}

function isUnchanged(stream: EventStream, taken: ReadonlySet<number>, judged: ReadEvents): boolean {
  const { position, ahead, delivered, abandoned } = judged;
  const isThere = stream.batch === position.batch && stream.place === position.place;
  return isThere && delivered + abandoned.length === 0 && ahead.length === taken.size;
}

/** One act for what was delivered, and one for each event that was not. */
function entriesOf(
  target: string,
  { delivered, abandoned }: EventTally,
  by: By,
  at: Date,
): readonly { readonly entry: AuditEntry; readonly at: Date }[] {
  const given = abandoned.map(({ jti, why, attempts }) => ({
    entry: { ...by, act: 'event.abandoned' as const, target, details: { jti, why, attempts } },
    at,
  }));
  if (delivered === 0) return given;
  const entry = { ...by, act: 'events.delivered' as const, target, details: { delivered } };
  return [{ entry, at }, ...given];
}

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { numberChanges, openStream, readStream, rewindStream } from '../database/event-streams.ts';
import { countChanges } from '../database/told-changes.ts';
import { streamOf } from '../grants/subject-events.ts';
import { readClient } from '../vendors/client-store.ts';
import { ConflictError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';

/** How far a client is with what it is told of changed subjects. */
export interface ClientEvents {
  readonly client_id: string;
  readonly delivery: 'push' | 'poll' | null;
  readonly endpoint_url: string | null;
  /** Changes that it has still to be told of. */
  readonly pending: number;
  readonly delivered: number;
  /** Events that were given up. */
  readonly abandoned: number;
  readonly delivered_at: string | null;
  /** Failed attempts since the last event that it took. */
  readonly failures: number;
  readonly last_failure: string | null;
  /** When it is tried again. */
  readonly next_attempt: string | null;
}

/**
 * How far a client is with its events.
 *
 * @throws UnknownError
 */
export async function clientEvents(
  { db, atRest, clock }: Pick<OperationContext, 'db' | 'atRest' | 'clock'>,
  clientId: string,
): Promise<ClientEvents> {
  const { client } = await readClient(db, atRest, clientId);
  const { events } = client.metadata;
  const lastBatch = await numberChanges(db);
  const stream = await readStream(db, streamOf(clientId));
  const after = stream ?? { batch: 0, place: 0 };
  const query = { clientId, sector: client.sector, after, lastBatch, now: clock() };
  const isFailing = stream !== undefined && stream.failures > 0;
  return {
    client_id: clientId,
    delivery: events?.delivery ?? null,
    endpoint_url: events?.delivery === 'push' ? events.endpoint_url : null,
    pending: await countChanges(db, query),
    delivered: stream?.delivered ?? 0,
    abandoned: stream?.abandoned ?? 0,
    delivered_at: stream?.deliveredAt?.toISOString() ?? null,
    failures: stream?.failures ?? 0,
    last_failure: stream?.lastFailure ?? null,
    next_attempt: isFailing ? stream.dueAt.toISOString() : null,
  };
}

/**
 * Has a client told again of every change that is still in its grace, from the oldest on,
 * those that were given up included; also where the next attempt is an hour away.
 *
 * @throws UnknownError, ConflictError for a client that is told nothing
 */
export async function repeatEvents(
  { db, atRest, clock }: Pick<OperationContext, 'db' | 'atRest' | 'clock'>,
  clientId: string,
  by: By,
): Promise<void> {
  const { client } = await readClient(db, atRest, clientId);
  if (client.metadata.events === undefined) {
    throw new ConflictError(`The client "${clientId}" is told nothing: give it "events" first.`);
  }
  const id = streamOf(clientId);
  await openStream(db, id);
  await inTransaction(db, async (trx) => {
    await rewindStream(trx, id);
    await appendAudit(trx, { ...by, act: 'events.repeated', target: clientId }, clock());
  });
}

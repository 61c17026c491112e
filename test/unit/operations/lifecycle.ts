import { numberChanges } from '../../../src/database/event-streams.ts';
import { changesFor } from '../../../src/database/told-changes.ts';
import type { OperationContext } from '../../../src/operations/context.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { TestDatabase } from '../../support/database.ts';
import type { Replica } from '../subjects/replica.ts';
import { clientIn, NOW, startReplica } from '../subjects/replica.ts';
import { bytes } from '../../../src/database/bytes.ts';

export const BY = { actor: 'cli:ada', reason: 'request 7' } as const;

/** One replica that logs users in, and an operator at the same database. */
export interface Stage {
  readonly database: TestDatabase;
  readonly replica: Replica;
  readonly context: OperationContext;
  /** A client of a sector, registered in the replica and in the database. */
  client(sector: string, vendorId?: string): Promise<Client>;
  /** Moves the operator's clock. */
  later(milliseconds: number): void;
  /** Another operator, with a connection of their own. */
  another(): OperationContext;
}

export async function setStage(database: TestDatabase): Promise<Stage> {
  const replica = await startReplica(database);
  const log = createLogger({ level: 'fatal', destination: { write: () => undefined } });
  let now = NOW.getTime();
  const { keyring, atRest } = replica;
  const on = (db: TestDatabase['db']): OperationContext => ({
    ...{ db, keyring, atRest, log },
    clock: () => new Date(now),
  });
  return {
    ...{ database, replica },
    context: on(database.connect()),
    async client(sector, vendorId = 'acme') {
      const client = replica.register({ ...clientIn(sector), vendorId });
      await database
        .db('vendors')
        .insert({
          ...{ id: bytes(client.vendorId), name: 'Acme', contacts: '[]', one_sector: false },
          ...{ allowed_subject_types: '["pairwise"]', created_at: 1, updated_at: 1 },
        })
        .onConflict('id')
        .ignore();
      await database.db('sectors').insert({
        ...{ sector: bytes(sector), vendor_id: bytes(client.vendorId), created_at: 1 },
      });
      await database.db('clients').insert({
        ...{ client_id: bytes(client.clientId), vendor_id: bytes(client.vendorId) },
        ...{ sector: bytes(sector), subject_type: 'pairwise', metadata: '{}' },
        ...{ upstream_shared: false, has_upstream: false, accept_bypass: false },
        ...{ release_claims: '[]', continuity_days: 30, created_at: 1, updated_at: 1 },
      });
      return client;
    },
    later: (milliseconds) => {
      now += milliseconds;
    },
    another: () => on(database.connect()),
  };
}

/** What a client is told of changed subjects: the old and the new one of each. */
export async function toldTo({ context }: Stage, client: Client): Promise<readonly string[][]> {
  const { db, clock } = context;
  const lastBatch = await numberChanges(db);
  const { clientId, sector } = client;
  const query = { clientId, sector, lastBatch, after: { batch: 0, place: 0 }, limit: 100 };
  const changes = await changesFor(db, { ...query, now: clock() });
  return changes.filter(({ isKnown }) => isKnown).map((one) => [one.oldSub, one.newSub]);
}

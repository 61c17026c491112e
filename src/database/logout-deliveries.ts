import { randomBytes } from 'node:crypto';

import type { AtRest, Place } from './at-rest.ts';
import { bytes, text } from './bytes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';
import { purgeExpired } from './purge.ts';

/** A logout token that a vendor has not taken yet. */
export interface LogoutDelivery {
  readonly id: string;
  readonly clientId: string;
  /** The `sub` that the vendor knows the user by. */
  readonly sub: string | undefined;
  /** Ours. */
  readonly sid: string | undefined;
  /** How often it was tried. */
  readonly attempts: number;
}

/** What is due, and what of it does not open. */
export interface DueDeliveries {
  readonly deliveries: readonly LogoutDelivery[];
  readonly unreadable: readonly Pick<LogoutDelivery, 'id' | 'clientId'>[];
}

interface Row {
  readonly id: Buffer;
  readonly client_id: Buffer;
  readonly contents: Buffer;
  readonly attempts: number;
}

/** Notes a logout token to be delivered, due at once. */
export async function insertDelivery(
  trx: Transaction,
  atRest: AtRest,
  delivery: Pick<LogoutDelivery, 'clientId' | 'sub' | 'sid'>,
  times: { readonly now: Date; readonly expiresAt: Date },
): Promise<void> {
  const id = randomBytes(16).toString('base64url');
  const contents = bytes(JSON.stringify({ sub: delivery.sub, sid: delivery.sid }));
  await trx('logout_deliveries').insert({
    id: bytes(id),
    client_id: bytes(delivery.clientId),
    contents: atRest.seal(place(id), contents),
    attempts: 0,
    due_at: times.now.getTime(),
    expires_at: times.expiresAt.getTime(),
  });
}

/**
 * What is due: of each client in turn the one that has waited longest, so that a client
 * with many, which may never answer, holds up nobody else's.
 */
export async function dueDeliveries(
  db: Connection,
  atRest: AtRest,
  now: Date,
  limit: number,
): Promise<DueDeliveries> {
  const rows = await orUnavailable(() =>
    db
      .from(
        db('logout_deliveries')
          .where('due_at', '<=', now.getTime())
          .andWhere('expires_at', '>', now.getTime())
          .select('id', 'client_id', 'contents', 'attempts', 'due_at')
          .rowNumber('turn', 'due_at', 'client_id')
          .as('due'),
      )
      .orderBy(['turn', 'due_at'])
      .limit(limit)
      .select<Row[]>('id', 'client_id', 'contents', 'attempts'),
  );
  const read = rows.map((row) => ({ row, delivery: opened(atRest, row) }));
  return {
    deliveries: read.flatMap(({ delivery }) => delivery ?? []),
    unreadable: read.flatMap(({ row, delivery }) =>
      delivery === undefined ? { id: text(row.id), clientId: text(row.client_id) } : [],
    ),
  };
}

/** Undefined: it was changed, or is of another key. */
function opened(atRest: AtRest, row: Row): LogoutDelivery | undefined {
  const id = text(row.id);
  try {
    const contents = JSON.parse(text(atRest.open(place(id), row.contents))) as {
      sub?: string;
      sid?: string;
    };
    const { sub, sid } = contents;
    return { id, clientId: text(row.client_id), sub, sid, attempts: row.attempts };
  } catch {
    return undefined;
  }
}

/**
 * Lets a delivery wait until it expires, so that it is looked at no more. False: another replica
 * has done it.
 */
export async function parkDelivery(db: Connection, id: string, now: Date): Promise<boolean> {
  const parked = await orUnavailable(() =>
    db('logout_deliveries')
      .where({ id: bytes(id) })
      .andWhere('due_at', '<=', now.getTime())
      .update({ due_at: db.ref('expires_at') }),
  );
  return parked === 1;
}

/** Takes a delivery up, so that nobody else does before `nextAt`. False: another replica has it. */
export async function takeDelivery(
  db: Connection,
  { id, attempts }: LogoutDelivery,
  nextAt: Date,
): Promise<boolean> {
  const taken = await orUnavailable(() =>
    db('logout_deliveries')
      .where({ id: bytes(id), attempts })
      .update({ attempts: attempts + 1, due_at: nextAt.getTime() }),
  );
  return taken === 1;
}

/** Forgets a delivery that is done with. */
export async function deleteDelivery(db: Connection, id: string): Promise<void> {
  await orUnavailable(() =>
    db('logout_deliveries')
      .where({ id: bytes(id) })
      .del(),
  );
}

/** Forgets what was to be told of a user to the clients of a sector. */
export async function deleteDeliveriesOf(
  trx: Transaction,
  atRest: AtRest,
  sector: string,
  user: { readonly subs: readonly string[]; readonly sids: readonly string[] },
): Promise<void> {
  const clients = trx('clients')
    .where({ sector: bytes(sector) })
    .select('client_id');
  const rows = await trx('logout_deliveries')
    .whereIn('client_id', clients)
    .select<Row[]>('id', 'client_id', 'contents', 'attempts');
  for (const row of rows) {
    const delivery = opened(atRest, row);
    // What does not open may be the user's, and nobody will ever be told by it.
    const isOfUser =
      delivery === undefined ||
      (delivery.sub !== undefined && user.subs.includes(delivery.sub)) ||
      user.sids.includes(delivery.sid ?? '');
    if (isOfUser) await trx('logout_deliveries').where({ id: row.id }).del();
  }
}

/** Forgets deliveries whose time is over; returns how many. */
export function purgeDeliveries(db: Connection, now: Date): Promise<number> {
  return purgeExpired(db, 'logout_deliveries', now);
}

function place(id: string): Place {
  return { table: 'logout_deliveries', column: 'contents', row: id };
}

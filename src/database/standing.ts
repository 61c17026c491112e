import { bytes } from './bytes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection } from './connection.ts';
import { SECURITY_STREAM } from './event-streams.ts';

/** How much waits, and how much was asked; for whoever watches the proxy. */
export interface Standing {
  /** Logout tokens that no vendor has taken yet. */
  readonly logoutDeliveries: number;
  /** Batches of changed subjects that the slowest receiver is behind. */
  readonly batchesBehind: number;
  /** Security events that the operator's receiver has not taken yet; none where there is none. */
  readonly securityEvents: number;
  /** Receivers of events whose last attempt failed. */
  readonly receiversFailing: number;
  /** Users whom operators asked for in this clock hour, all together and by one at most. */
  readonly lookups: { readonly all: number; readonly oneActor: number };
}

const HOUR = 3_600_000;

type Counted = Record<string, number | string | null> | undefined;

/**
 * Reads what waits; a few small queries.
 *
 * @throws Refusal `database_unavailable`
 */
export async function readStanding(db: Connection, now: Date): Promise<Standing> {
  return orUnavailable(async () => {
    const logouts: Counted = await db('logout_deliveries')
      .where('expires_at', '>', now.getTime())
      .count({ rows: '*' })
      .first();
    const streams: Counted = await ofVendors(db).min({ batch: 'batch' }).first();
    const batches: Counted = await db('event_batches').where({ id: 1 }).first('last');
    const failing: Counted = await ofVendors(db)
      .where('failures', '>', 0)
      .count({ rows: '*' })
      .first();
    const feed: Counted = await db('event_streams')
      .where({ id: bytes(SECURITY_STREAM) })
      .first('batch');
    const security: Counted = await db('audit_log')
      .where('position', '>', feed?.['batch'] ?? Number.MAX_SAFE_INTEGER)
      .where('act', '>=', 'security.')
      .where('act', '<', 'security.~')
      .count({ rows: '*' })
      .first();
    const lookups: Counted = await db('subject_lookups')
      .where({ hour: Math.floor(now.getTime() / HOUR) })
      .sum({ all: 'count' })
      .max({ most: 'count' })
      .first();
    const slowest = streams?.['batch'] ?? null;
    return {
      logoutDeliveries: Number(logouts?.['rows'] ?? 0),
      batchesBehind: slowest === null ? 0 : Number(batches?.['last'] ?? 0) - Number(slowest),
      securityEvents: Number(security?.['rows'] ?? 0),
      receiversFailing: Number(failing?.['rows'] ?? 0),
      lookups: { all: Number(lookups?.['all'] ?? 0), oneActor: Number(lookups?.['most'] ?? 0) },
    };
  });
}

/** The streams of vendors, not the operator's own. */
function ofVendors(db: Connection) {
  return db('event_streams').whereNot({ id: bytes(SECURITY_STREAM) });
}

/** How many connections of the pool are used and free, and how much work waits for one. */
export function poolState(db: Connection): {
  readonly used: number;
  readonly free: number;
  readonly waiting: number;
} {
  const { pool } = db.client as {
    readonly pool?: { numUsed(): number; numFree(): number; numPendingAcquires(): number };
  };
  return {
    used: pool?.numUsed() ?? 0,
    free: pool?.numFree() ?? 0,
    waiting: pool?.numPendingAcquires() ?? 0,
  };
}

import { SYSTEM } from '../audit/by.ts';
import { eachAudit } from '../audit/read-store.ts';
import type { AuditRecord } from '../audit/read-store.ts';
import { appendAudit, readHead } from '../audit/store.ts';
import type { Connection } from '../database/connection.ts';
import { inTransaction, orUnavailable } from '../database/connection.ts';
import { openStream, saveStream, SECURITY_STREAM, takeStream } from '../database/event-streams.ts';
import type { EventStream } from '../database/event-streams.ts';
import type { AbandonedEvent } from './subject-events.ts';

export type { AuditRecord } from '../audit/read-store.ts';

/** Milliseconds after which a replica that sends and says nothing is taken for dead. */
const LEASE = 30_000;
/** Milliseconds after which a security event is no news any more, and is passed over. */
const NEWS = 7 * 86_400_000;

/**
 * What the operator's receiver is told: the security events of the audit log, in its order. A
 * row says how far it is, for all replicas together.
 */
export class SecurityFeed {
  readonly #db: Connection;
  readonly #holder: string;

  /** @param holder this process, among those that send */
  constructor(db: Connection, holder: string) {
    this.#db = db;
    this.#holder = holder;
  }

  /**
   * Takes the feed up for a while, at its first time behind everything that was. Undefined: it is
   * not due, or another replica has it.
   */
  async take(now: Date): Promise<EventStream | undefined> {
    const { position } = await orUnavailable(() => readHead(this.#db));
    await openStream(this.#db, SECURITY_STREAM, { batch: position, place: 0 });
    const until = new Date(now.getTime() + LEASE);
    return takeStream(this.#db, SECURITY_STREAM, this.#holder, { now, until });
  }

  /** The events behind a place of the feed, oldest first. */
  next({ batch }: Pick<EventStream, 'batch'>, now: Date): AsyncGenerator<AuditRecord> {
    const since = new Date(now.getTime() - NEWS);
    return eachAudit(this.#db, { act: 'security.*', behind: batch, since });
  }

  /** Notes how far it is, and keeps the feed or gives it back. False: another replica has it. */
  save(
    stream: EventStream,
    abandoned: AbandonedEvent | undefined,
    { now, lease }: { readonly now: Date; readonly lease: 'keep' | 'give back' },
  ): Promise<boolean> {
    const leaseUntil = lease === 'keep' ? new Date(now.getTime() + LEASE) : new Date(0);
    return inTransaction(this.#db, async (trx) => {
      if (!(await saveStream(trx, this.#holder, { ...stream, leaseUntil }))) return false;
      if (abandoned === undefined) return true;
      const { jti, why, attempts } = abandoned;
      const details = { jti, why, attempts };
      const entry = {
        ...SYSTEM,
        act: 'event.abandoned',
        target: SECURITY_STREAM,
        details,
      } as const;
      await appendAudit(trx, entry, now);
      return true;
    });
  }
}

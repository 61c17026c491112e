import { LRUCache } from 'lru-cache';

import { inTransaction } from '../database/connection.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import type { Logger } from '../observability/logger.ts';
import { SYSTEM } from './by.ts';
import type { AuditEntry } from './entry.ts';
import { headText } from './head-text.ts';
import type { SecurityEvent } from './security-events.ts';
import { appendSegment, dayOf, noteLastUse } from './segment-store.ts';
import type { MetPseudonym, PseudonymRecord } from './segment-store.ts';
import { appendAudits, readHead } from './store.ts';

/** Milliseconds between two rounds. */
const INTERVAL = 5000;
/** Milliseconds between two lines that say where the chain stands. */
const HEAD_INTERVAL = 86_400_000;
/** Security events that wait at most; a flood of them must not fill the memory, nor the log. */
const MOST_EVENTS = 500;
/** Pseudonyms that wait at most. */
const MOST_PSEUDONYMS = 50_000;
/** Pseudonyms in one segment: few enough that its transaction is short. */
const SEGMENT = 500;
/** Pseudonyms whose use of the day is remembered. */
const REMEMBERED = 50_000;

/** What the recorder works with. */
export interface RecorderParts {
  readonly db: Connection;
  readonly clock: () => Date;
  readonly log: Logger;
}

interface Act {
  readonly entry: AuditEntry;
  readonly at: Date;
}

/**
 * Takes down, beside the requests, what happens in them: security events, and
 * pseudonyms that are made and used. Noting is a write to memory, never waits
 * and never fails; a round every few seconds brings it into the audit log, and
 * the last one when the proxy ends. What does not fit is counted, and the count
 * is recorded.
 */
export class AuditRecorder {
  readonly #parts: RecorderParts;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #usedOn = new LRUCache<string, number>({ max: REMEMBERED });
  #events: Act[] = [];
  #pseudonyms = new Map<string, PseudonymRecord>();
  #dropped = { events: 0, pseudonyms: 0 };
  #round: Promise<void> = Promise.resolve();

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Begins the rounds. */
  start(): void {
    this.#round = this.#tellHead();
    this.#timers.push(
      setInterval(() => void this.flush(), INTERVAL).unref(),
      setInterval(() => void this.#tellHead(), HEAD_INTERVAL).unref(),
    );
  }

  /** Notes a security event. */
  note({ act, target, requestId, details }: SecurityEvent): void {
    if (this.#events.length >= MOST_EVENTS) {
      this.#dropped.events += 1;
      return;
    }
    const entry = { ...SYSTEM, act, target, requestId, details };
    this.#events.push({ entry, at: this.#parts.clock() });
  }

  /** Notes a pseudonym that is new and committed. */
  made(pseudonym: MetPseudonym): void {
    this.#meet(pseudonym, { made: true, used: false });
  }

  /** Notes that a vendor was given a pseudonym; the first time on a day counts. */
  used(pseudonym: MetPseudonym): void {
    const key = keyOf(pseudonym);
    const today = dayOf(this.#parts.clock());
    if (this.#usedOn.get(key) === today) return;
    this.#usedOn.set(key, today);
    this.#meet(pseudonym, { made: false, used: true });
  }

  /** Writes down what has been noted; after a failure it waits for the next round. */
  flush(): Promise<void> {
    this.#round = this.#round.then(() => this.#writeAll());
    return this.#round;
  }

  /** The last round. What the database does not take any more is told to the log, in numbers. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flush();
    const events = this.#events.length + this.#dropped.events;
    const pseudonyms = this.#pseudonyms.size + this.#dropped.pseudonyms;
    if (events + pseudonyms === 0) return;
    this.#parts.log.error({ events, pseudonyms }, 'not recorded in the audit log');
  }

  #meet(pseudonym: MetPseudonym, what: { readonly made: boolean; readonly used: boolean }): void {
    const key = keyOf(pseudonym);
    const known = this.#pseudonyms.get(key);
    if (known === undefined && this.#pseudonyms.size >= MOST_PSEUDONYMS) {
      this.#dropped.pseudonyms += 1;
      return;
    }
    const { sector, userIndex, sub } = pseudonym;
    this.#pseudonyms.set(key, {
      ...{ sector, userIndex, sub },
      made: what.made || known?.made === true,
      used: what.used || known?.used === true,
    });
  }

  async #writeAll(): Promise<void> {
    try {
      await this.#writeEvents();
      await this.#writePseudonyms();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'audit log not written; it is tried again');
    }
  }

  async #writeEvents(): Promise<void> {
    const events = this.#events;
    const dropped = this.#dropped;
    const acts = [...events, ...this.#droppedActs()];
    if (acts.length === 0) return;
    this.#events = [];
    this.#dropped = { events: 0, pseudonyms: 0 };
    try {
      await this.#inTransaction((trx) => appendAudits(trx, acts));
    } catch (error) {
      this.#events = [...events, ...this.#events];
      this.#dropped.events += dropped.events;
      this.#dropped.pseudonyms += dropped.pseudonyms;
      throw error;
    }
  }

  #droppedActs(): readonly Act[] {
    const { events, pseudonyms } = this.#dropped;
    if (events + pseudonyms === 0) return [];
    const details = { events, pseudonyms };
    const entry = { ...SYSTEM, act: 'audit.dropped', target: 'proxy', details } as const;
    return [{ entry, at: this.#parts.clock() }];
  }

  async #writePseudonyms(): Promise<void> {
    const met = [...this.#pseudonyms];
    this.#pseudonyms = new Map();
    while (met.length > 0) {
      const batch = met.slice(0, SEGMENT).map(([, record]) => record);
      try {
        const at = this.#parts.clock();
        await this.#inTransaction((trx) => appendSegment(trx, batch, SYSTEM, at));
        // In its own: logins may wait for these rows, and must not wait for the chain.
        await this.#inTransaction((trx) => noteLastUse(trx, batch, at));
      } catch (error) {
        for (const [, record] of met) this.#meet(record, record);
        throw error;
      }
      met.splice(0, SEGMENT);
    }
  }

  #inTransaction<T>(work: (trx: Transaction) => Promise<T>): Promise<T> {
    return inTransaction(this.#parts.db, work);
  }

  async #tellHead(): Promise<void> {
    const { db, log } = this.#parts;
    try {
      const head = headText(await readHead(db));
      log.info({ event: 'audit_head', head }, 'where the audit log stands');
    } catch (error) {
      log.warn({ err: error }, 'the head of the audit log cannot be read');
    }
  }
}

function keyOf({ sector, sub }: MetPseudonym): string {
  return `${sub} ${sector}`;
}

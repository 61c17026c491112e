import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import type { Logger } from '../observability/logger.ts';
import { addShadowLogins, hourOf, type ShadowHour } from './shadow-logins.ts';

/** Milliseconds between two rounds. */
const INTERVAL = 5000;

/** What the tally works with. */
export interface ShadowTallyParts {
  readonly db: Connection;
  readonly clock: () => Date;
  readonly log: Logger;
}

/** How the pairwise part of one login in shadow went. */
export type Rehearsal = 'known' | 'made' | 'failed';

/**
 * Counts logins in shadow beside the requests, by client and hour. Noting is a
 * write to memory; a round every few seconds brings the counts into the database,
 * and the last one when the proxy ends. What a killed process had not written yet is lost.
 */
export class ShadowTally {
  readonly #parts: ShadowTallyParts;
  readonly #timer: NodeJS.Timeout;
  #counts = new Map<string, ShadowHour>();
  #round: Promise<void> = Promise.resolve();

  constructor(parts: ShadowTallyParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.flush(), INTERVAL).unref();
  }

  /** Counts a login. */
  rehearsed(clientId: string, how: Rehearsal): void {
    const hour = hourOf(this.#parts.clock());
    const made = how === 'made' ? 1 : 0;
    const failed = how === 'failed' ? 1 : 0;
    this.#add({ clientId, hour, logins: 1, made, failed });
  }

  /** Writes down what has been counted; after a failure it waits for the next round. */
  flush(): Promise<void> {
    this.#round = this.#round.then(() => this.#write());
    return this.#round;
  }

  /** The last round. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #add(counted: ShadowHour): void {
    const { clientId, hour } = counted;
    const key = `${hour} ${clientId}`;
    const { logins, made, failed } = this.#counts.get(key) ?? { logins: 0, made: 0, failed: 0 };
    this.#counts.set(key, {
      ...{ clientId, hour, logins: logins + counted.logins },
      ...{ made: made + counted.made, failed: failed + counted.failed },
    });
  }

  async #write(): Promise<void> {
    const counted = [...this.#counts.values()];
    if (counted.length === 0) return;
    this.#counts = new Map();
    try {
      await inTransaction(this.#parts.db, (trx) => addShadowLogins(trx, counted));
    } catch (error) {
      for (const each of counted) this.#add(each);
      this.#parts.log.warn({ err: error }, 'logins in shadow not counted; it is tried again');
    }
  }
}

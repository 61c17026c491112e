import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import { spend } from '../database/spent.ts';
import type { OneTimeValue } from '../database/spent.ts';
import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';

/** What may come once, in all replicas together: the `jti` of what a client signed. */
export interface SingleUse extends Pick<OneTimeValue, 'purpose' | 'value' | 'expiresAt'> {
  /** What a second use is refused with. */
  readonly replayed: Reason;
}

/** Refuses what comes for a second time, at whichever replica. */
export class Replays {
  readonly #db: Connection;
  readonly #databaseUp: () => boolean;

  constructor(db: Connection, databaseUp: () => boolean) {
    this.#db = db;
    this.#databaseUp = databaseUp;
  }

  /**
   * Uses a value up.
   *
   * @throws Refusal `database_unavailable`: who cannot tell must not accept; or the use's own reason
   */
  async useUp({ purpose, value, expiresAt, replayed }: SingleUse): Promise<void> {
    if (!this.#databaseUp()) throw new Refusal('database_unavailable', 'known outage');
    const first = await inTransaction(this.#db, (trx) => spend(trx, { purpose, value, expiresAt }));
    if (!first) throw new Refusal(replayed, 'used before');
  }
}

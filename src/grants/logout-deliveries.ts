import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import type { DueDeliveries, LogoutDelivery } from '../database/logout-deliveries.ts';
import {
  deleteDelivery,
  dueDeliveries,
  parkDelivery,
  takeDelivery,
} from '../database/logout-deliveries.ts';

export type { LogoutDelivery } from '../database/logout-deliveries.ts';

/** Logout tokens on their way, in all replicas together. */
export class LogoutDeliveries {
  readonly #db: Connection;
  readonly #atRest: AtRest;

  constructor(db: Connection, atRest: AtRest) {
    this.#db = db;
    this.#atRest = atRest;
  }

  /** What is due, of each client in turn. */
  due(now: Date, limit: number): Promise<DueDeliveries> {
    return dueDeliveries(this.#db, this.#atRest, now, limit);
  }

  /** Takes one up until `nextAt`; false: another replica has it. */
  take(delivery: LogoutDelivery, nextAt: Date): Promise<boolean> {
    return takeDelivery(this.#db, delivery, nextAt);
  }

  /** Looks at one no more that does not open; false: another replica has said so. */
  park(id: string, now: Date): Promise<boolean> {
    return parkDelivery(this.#db, id, now);
  }

  /** Forgets one that is done with. */
  done(id: string): Promise<void> {
    return deleteDelivery(this.#db, id);
  }
}

import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import type { LogoutSelection, LogoutSession } from '../database/logout-sessions.ts';
import { sessionsForLogout, upstreamIdTokenOf } from '../database/logout-sessions.ts';
import { revokeGrantIn } from '../database/sessions.ts';

export type { LogoutSelection, LogoutSession } from '../database/logout-sessions.ts';

/** The grants that a logout finds and ends. */
export class LogoutGrants {
  readonly #db: Connection;
  readonly #atRest: AtRest;

  constructor(db: Connection, atRest: AtRest) {
    this.#db = db;
    this.#atRest = atRest;
  }

  /**
   * The grants of some clients, oldest first, those that ended before included.
   *
   * @throws Refusal `database_unavailable`
   */
  find(
    clientIds: readonly string[],
    selection: LogoutSelection,
    now: Date,
  ): Promise<readonly LogoutSession[]> {
    return sessionsForLogout(this.#db, clientIds, selection, now);
  }

  /** Ends grants and tells every replica. */
  async end(grantIds: readonly string[], now: Date): Promise<void> {
    if (grantIds.length === 0) return;
    await inTransaction(this.#db, async (trx) => {
      for (const grantId of grantIds) await revokeGrantIn(trx, grantId, now);
    });
  }

  /** The upstream's ID token that a grant began with, where it was kept. */
  upstreamIdToken(grantId: string): Promise<string | undefined> {
    return upstreamIdTokenOf(this.#db, this.#atRest, grantId);
  }
}

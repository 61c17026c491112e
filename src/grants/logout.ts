import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import { insertDelivery } from '../database/logout-deliveries.ts';
import type { LogoutSelection, LogoutSession } from '../database/logout-sessions.ts';
import { sessionsForLogout, upstreamIdTokenOf } from '../database/logout-sessions.ts';
import { revokeGrantIn } from '../database/sessions.ts';
import { spend } from '../database/spent.ts';

export type { LogoutSelection, LogoutSession } from '../database/logout-sessions.ts';

/** A logout that the upstream tells of. */
export interface ReportedLogout {
  /** Its `jti`, and until when it could come again. */
  readonly spend: { readonly value: Uint8Array; readonly expiresAt: Date };
  readonly grantIds: readonly string[];
  readonly deliveries: readonly {
    readonly clientId: string;
    readonly sub?: string;
    readonly sid?: string;
  }[];
  /** When vendors that are away are given up. */
  readonly expiresAt: Date;
}

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

  /**
   * Ends what a logout token of the upstream names, and notes the tokens for the vendors: all
   * of it, or nothing. False: the logout token came before.
   */
  record(logout: ReportedLogout, now: Date): Promise<boolean> {
    return inTransaction(this.#db, async (trx) => {
      if (!(await spend(trx, { purpose: 'logout_token', ...logout.spend }))) return false;
      const times = { now, expiresAt: logout.expiresAt };
      for (const delivery of logout.deliveries) {
        await insertDelivery(
          trx,
          this.#atRest,
          { sub: undefined, sid: undefined, ...delivery },
          times,
        );
      }
      for (const grantId of logout.grantIds) await revokeGrantIn(trx, grantId, now);
      return true;
    });
  }

  /** The upstream's ID token that a grant began with, where it was kept. */
  upstreamIdToken(grantId: string): Promise<string | undefined> {
    return upstreamIdTokenOf(this.#db, this.#atRest, grantId);
  }
}

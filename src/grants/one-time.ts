import { SYSTEM } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import { findSession, revokeGrantIn } from '../database/sessions.ts';
import { findSpent, spend } from '../database/spent.ts';
import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';

/** What is used up once, with the grant that a second use revokes. */
export interface OneTimeUse {
  readonly purpose:
    'code' | 'refresh_token' | 'device_code' | 'auth_req_id' | 'dpop_proof' | 'client_assertion';
  readonly value: Uint8Array;
  /** What a second use is refused with. */
  readonly replayed: Reason;
}

/** Codes and rotating refresh tokens across replicas: used once, and a second use ends the grant. */
export class OneTimeUses {
  readonly #db: Connection;
  readonly #databaseUp: () => boolean;

  constructor(db: Connection, databaseUp: () => boolean) {
    this.#db = db;
    this.#databaseUp = databaseUp;
  }

  /**
   * Refuses a value that was used before, and revokes what it had yielded
   * (RFC 6749 4.1.2, RFC 9700 4.14.2). Asked before the upstream is, so that a
   * known outage costs the vendor nothing.
   *
   * @throws Refusal `database_unavailable`, or the use's own reason
   */
  async refuseReplay(use: OneTimeUse, now: Date): Promise<void> {
    if (!this.#databaseUp()) throw new Refusal('database_unavailable', 'known outage');
    const found = await findSpent(this.#db, use.purpose, use.value);
    if (found === undefined) return;
    if (found.grantId !== undefined) await this.#revoke(found.grantId, use, now);
    throw new Refusal(use.replayed, 'used before; what it had yielded is revoked');
  }

  /**
   * Uses up what yields no grant: the proof of one request, by its `jti`.
   *
   * @throws Refusal `database_unavailable`, or the use's own reason
   */
  async useOnce(use: OneTimeUse, expiresAt: Date): Promise<void> {
    if (!this.#databaseUp()) throw new Refusal('database_unavailable', 'known outage');
    const { purpose, value } = use;
    const first = await inTransaction(this.#db, (trx) => spend(trx, { purpose, value, expiresAt }));
    if (!first) throw new Refusal(use.replayed, 'used before');
  }

  /** Uses a value up, or refuses it as {@link refuseReplay} does. */
  async use(use: OneTimeUse, grantId: string, expiresAt: Date, now: Date): Promise<void> {
    const first = await inTransaction(this.#db, (trx) =>
      spend(trx, { purpose: use.purpose, value: use.value, expiresAt, grantId }),
    );
    if (first) return;
    await this.refuseReplay(use, now);
    throw new Refusal(use.replayed, 'used before, and forgotten by now');
  }

  /** Ends what a replayed value had yielded; a grant that had ended before adds nothing to the log. */
  async #revoke(grantId: string, { purpose, replayed }: OneTimeUse, now: Date): Promise<void> {
    await inTransaction(this.#db, async (trx) => {
      const session = await findSession(trx, grantId);
      if (session === undefined || !(await revokeGrantIn(trx, grantId, now))) return;
      const { clientId: target, sector, userIndex } = session;
      const user = { sector, userIndex };
      const why = { ...SYSTEM, reason: replayed, details: { purpose } };
      await appendAudit(trx, { ...why, act: 'grant.revoked', target, user }, now);
    });
  }
}

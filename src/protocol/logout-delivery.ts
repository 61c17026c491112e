import { randomUUID } from 'node:crypto';
import type { LogoutDeliveries, LogoutDelivery } from '../grants/logout-deliveries.ts';
import type { Logger } from '../observability/logger.ts';
import { reviveReleasedSubject } from '../subjects/released.ts';
import { signLogoutToken } from '../tokens/logout-token.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { Client } from '../vendors/client.ts';

/** What a vendor's logout address is asked with. */
export const LOGOUT_EXCHANGE = {
  connections: 4,
  timeoutMilliseconds: 5000,
  maxBytes: 64 * 1024,
} as const;

/** Seconds until the next attempt, after each one; then it is given up. */
const WAITS = [10, 30, 120, 600, 1800];
const LOGOUT_TOKEN_SECONDS = 120;
/** Milliseconds between two looks at what is due. */
const INTERVAL = 2000;
const MOST_AT_ONCE = 50;
/** What a log line says of a delivery that is not tried again. */
const LOGOUT_ABANDONED = { event: 'delivery_abandoned', queue: 'logout' } as const;

/** What delivering works with. */
export interface LogoutDeliveryParts {
  readonly issuer: string;
  readonly clients: { find(clientId: string): Client | undefined };
  readonly deliveries: LogoutDeliveries;
  readonly exchange: Exchange;
  readonly signingKey: (algorithm: SigningKey['alg']) => SigningKey;
  readonly clock: () => Date;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Delivers logout tokens to vendors (OpenID Connect Back-Channel Logout 2.5), again where need be. */
export class LogoutCourier {
  readonly #parts: LogoutDeliveryParts;
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LogoutDeliveryParts) {
    this.#parts = parts;
  }

  /** Looks from time to time at what is due. */
  start(): void {
    this.#timer = setInterval(() => void this.deliver(), INTERVAL).unref();
  }

  /** Tries everything that is due now. Never rejects. */
  deliver(): Promise<void> {
    this.#round = this.#round.then(() => this.#deliverDue());
    return this.#round;
  }

  /** Stops, when what is under way is over. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #deliverDue(): Promise<void> {
    const { deliveries, clock, log } = this.#parts;
    try {
      const now = clock();
      const due = await deliveries.due(now, MOST_AT_ONCE);
      for (const { id, clientId } of due.unreadable) {
        if (!(await deliveries.park(id, now))) continue;
        const told = { client: clientId, delivery: id, ...LOGOUT_ABANDONED };
        log.warn(told, 'logout token given up, whose row does not open');
      }
      await Promise.all(due.deliveries.map((delivery) => this.#attempt(delivery)));
    } catch (error) {
      log.warn({ err: error }, 'logout tokens could not be delivered');
    }
  }

  async #attempt(delivery: LogoutDelivery): Promise<void> {
    const { clients, deliveries, clock, log } = this.#parts;
    const client = clients.find(delivery.clientId);
    const address = client?.metadata.backchannel_logout_uri;
    if (client === undefined || address === undefined) return deliveries.done(delivery.id);
    const wait = WAITS[delivery.attempts];
    const nextAt = new Date(clock().getTime() + (wait ?? 10) * 1000);
    if (!(await deliveries.take(delivery, nextAt))) return;
    const outcome = await this.#send(delivery, client, new URL(address));
    const isOver = outcome !== 'failed' || wait === undefined;
    const told = { client: client.clientId, outcome, attempt: delivery.attempts + 1 };
    if (outcome === 'delivered') log.info(told, 'logout token delivered');
    else if (isOver) log.warn({ ...told, ...LOGOUT_ABANDONED }, 'logout token given up');
    else log.warn(told, 'logout token not delivered');
    if (isOver) await deliveries.done(delivery.id);
  }

  async #send(
    { sub, sid }: LogoutDelivery,
    client: Client,
    url: URL,
  ): Promise<'delivered' | 'refused' | 'failed'> {
    const { issuer, exchange, signingKey, clock } = this.#parts;
    const iat = Math.floor(clock().getTime() / 1000);
    try {
      const token = await signLogoutToken(
        {
          ...{ iss: issuer, aud: client.clientId },
          ...{ iat, exp: iat + LOGOUT_TOKEN_SECONDS, jti: randomUUID() },
          ...(sub !== undefined && { sub: reviveReleasedSubject(sub) }),
          ...(sid !== undefined && { sid }),
        },
        signingKey(client.metadata.id_token_signed_response_alg),
      );
      const body = new URLSearchParams({ logout_token: token });
      const { status } = await exchange({ method: 'POST', url, body, accept: ['*/*'] });
      if (status >= 200 && status < 300) return 'delivered';
      const isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
      return isFinal ? 'refused' : 'failed';
    } catch {
      return 'failed';
    }
  }
}

import type { AuditRecord, SecurityFeed } from '../grants/security-feed.ts';
import type { EventStream } from '../grants/subject-events.ts';
import type { Logger } from '../observability/logger.ts';
import { pushSecurityEvent } from '../outbound/security-event-push.ts';
import { signSecurityEvent } from '../tokens/security-event.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import type { Exchange } from '../upstream/exchange.ts';
import { afterFailure, behind, succeeded } from './stream-progress.ts';

/** Milliseconds between two looks at what has happened. */
const INTERVAL = 2000;
/** Milliseconds between two notes of how far it is: what the receiver may see twice. */
const BETWEEN_NOTES = 2000;
/** What a log line says of an event that is not tried again. */
const ABANDONED = { event: 'delivery_abandoned', queue: 'security' } as const;
/** Before the name of an event, as the audit log has it. */
const EVENT_TYPE = 'urn:pairwise-proxy:security-event:';

/** What telling the operator works with. */
export interface SecurityWebhookParts {
  readonly issuer: string;
  readonly url: URL;
  /** The whole `Authorization` header. */
  readonly authorization: string | undefined;
  readonly feed: SecurityFeed;
  readonly exchange: Exchange;
  readonly signingKey: (algorithm: SigningKey['alg']) => SigningKey;
  readonly clock: () => Date;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Pushes security events to the operator's own receiver (RFC 8935), one at a time and in order. */
export class SecurityWebhook {
  readonly #parts: SecurityWebhookParts;
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  #isClosing = false;

  constructor(parts: SecurityWebhookParts) {
    this.#parts = parts;
  }

  /** Looks from time to time at what has happened, and now at what is from now on to be told. */
  start(): void {
    void this.deliver();
    this.#timer = setInterval(() => {
      if (!this.#isBusy) void this.deliver();
    }, INTERVAL).unref();
  }

  /** Sends everything that is due now. Never rejects. */
  deliver(): Promise<void> {
    this.#round = this.#round.then(() => this.#deliverOrLog());
    return this.#round;
  }

  /** Stops, when the event under way is over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  async #deliverOrLog(): Promise<void> {
    this.#isBusy = true;
    try {
      await this.#deliverDue();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'security events could not be delivered');
    }
    this.#isBusy = false;
  }

  async #deliverDue(): Promise<void> {
    const { feed, clock } = this.#parts;
    const taken = await feed.take(clock());
    if (taken === undefined) return;
    let stream = taken;
    let notedAt = performance.now();
    for await (const record of feed.next(stream, clock())) {
      if (this.#isClosing) break;
      const outcome = await this.#push(record);
      if (outcome.kind !== 'delivered') return this.#fail(stream, record, outcome);
      const { delivered } = stream;
      const deliveredAt = clock();
      stream = {
        ...behind(succeeded(stream), placeOf(record)),
        delivered: delivered + 1,
        deliveredAt,
      };
      if (performance.now() - notedAt < BETWEEN_NOTES) continue;
      notedAt = performance.now();
      if (!(await feed.save(stream, undefined, { now: clock(), lease: 'keep' }))) return;
    }
    await feed.save(stream, undefined, { now: clock(), lease: 'give back' });
  }

  async #push(record: AuditRecord) {
    const { issuer, url, authorization, exchange, signingKey, clock } = this.#parts;
    const { position, act, at, target, requestId, details } = record;
    const token = await signSecurityEvent(
      {
        ...{ iss: issuer, aud: url.origin, jti: jtiOf(record) },
        iat: seconds(clock()),
        toe: seconds(at),
        events: {
          [`${EVENT_TYPE}${act.slice('security.'.length)}`]: {
            ...{ target, position },
            ...(requestId !== undefined && { request_id: requestId }),
            ...withoutNull(details),
          },
        },
      },
      signingKey('RS256'),
    );
    return pushSecurityEvent(exchange, { url, authorization, mayBePlain: true }, token);
  }

  /** Tries the event again later, or gives it up. */
  async #fail(
    stream: EventStream,
    record: AuditRecord,
    outcome: Parameters<typeof afterFailure>[2],
  ): Promise<void> {
    const { feed, clock, log } = this.#parts;
    const now = clock();
    const { failed, isOver, tries, wait } = afterFailure(stream, placeOf(record), outcome, now);
    const { why } = outcome;
    const told = { why, jti: jtiOf(record), attempt: tries, retryAfter: wait };
    const abandoned = isOver ? { jti: told.jti, why, attempts: tries } : undefined;
    const counted = { ...failed, abandoned: failed.abandoned + (isOver ? 1 : 0) };
    await feed.save(counted, abandoned, { now, lease: 'give back' });
    if (isOver) log.warn({ ...told, ...ABANDONED }, 'security event given up');
    else log.warn(told, 'security event not delivered');
  }
}

function placeOf({ position }: AuditRecord) {
  return { batch: position, place: 0 };
}

/** The same at each attempt. */
function jtiOf({ hash }: AuditRecord): string {
  return Buffer.from(hash.subarray(0, 16)).toString('base64url');
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function withoutNull(details: AuditRecord['details']): Record<string, string | number | boolean> {
  const given = Object.entries(details ?? {}).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== null,
  );
  return Object.fromEntries(given);
}

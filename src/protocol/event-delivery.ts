import { randomUUID } from 'node:crypto';
import type {
  EventStream,
  EventTally,
  SubjectEvents,
  TellableChange,
} from '../grants/subject-events.ts';
import type { Logger } from '../observability/logger.ts';
import type { EventReceiver, PushOutcome } from '../outbound/security-event-push.ts';
import { pushSecurityEvent } from '../outbound/security-event-push.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { Client } from '../vendors/client.ts';
import { afterFailure, behind, succeeded } from './stream-progress.ts';
import { concerns, hasPseudonyms, jtiOf, subjectEvent } from './subject-event.ts';
import type { SubjectEventParts } from './subject-event.ts';

/** What a log line says of an event that is not tried again. */
const EVENT_ABANDONED = { event: 'delivery_abandoned', queue: 'events' } as const;
/** Milliseconds between two looks at what waits. */
const INTERVAL = 2000;
const CHANGES_AT_ONCE = 100;
/** Receivers that are sent to at the same time. */
const RECEIVERS_AT_ONCE = 8;
/** Milliseconds between two notes of how far a stream is: what a receiver may see twice. */
const BETWEEN_NOTES = 2000;
/** Milliseconds after which another receiver has its turn. */
const TURN = 20_000;

/** What delivering works with. */
export interface EventDeliveryParts extends SubjectEventParts {
  readonly clients: {
    clients(): readonly Client[];
    find(clientId: string): Client | undefined;
    /** Whether all that was a user's was ended behind a position of the change log. */
    isEnded(userIndex: Uint8Array, change: number): boolean;
    readonly change: number;
  };
  readonly events: SubjectEvents;
  readonly exchange: Exchange;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Pushes events about changed subjects to the vendors that registered an address for them. */
export class EventCourier {
  readonly #parts: EventDeliveryParts;
  /** This process, among those that send. */
  readonly #holder = randomUUID();
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(parts: EventDeliveryParts) {
    this.#parts = parts;
  }

  /** Looks from time to time at what waits. */
  start(): void {
    let isBusy = false;
    this.#timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      void this.deliver().finally(() => {
        isBusy = false;
      });
    }, INTERVAL).unref();
  }

  /** Sends everything that is due now. Never rejects. */
  deliver(): Promise<void> {
    this.#round = this.#round.then(() => this.#deliverDue());
    return this.#round;
  }

  /** Stops, when the event under way is over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  async #deliverDue(): Promise<void> {
    const { clients, events, clock, log } = this.#parts;
    try {
      const pushed = clients
        .clients()
        .filter((client) => hasPseudonyms(client) && receiverOf(client, '') !== undefined);
      if (pushed.length === 0) return;
      const ids = pushed.map(({ clientId }) => clientId);
      const waiting = [...(await events.waiting(ids, clock()))];
      const workers = Array.from({ length: RECEIVERS_AT_ONCE }, async () => {
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await this.#serve(id);
      });
      await Promise.all(workers);
    } catch (error) {
      log.warn({ err: error }, 'events could not be delivered');
    }
  }

  /** Sends to one client until nothing is left, it fails, or the process ends. */
  async #serve(clientId: string): Promise<void> {
    const { events, clock, log } = this.#parts;
    try {
      const stream = await events.take(clientId, this.#holder, clock());
      if (stream === undefined) return;
      const turn = new Turn(this.#parts, { clientId, holder: this.#holder });
      await turn.run(stream, () => this.#isClosing);
    } catch (error) {
      log.warn({ err: error, client: clientId }, 'events could not be delivered');
    }
  }
}

/** Whose stream this process holds. */
interface HeldStream {
  readonly clientId: string;
  readonly holder: string;
}

/** One turn of sending to one client. */
class Turn {
  readonly #parts: EventDeliveryParts;
  readonly #own: HeldStream;
  readonly #begun = performance.now();
  #delivered = 0;
  #notedAt = performance.now();

  constructor(parts: EventDeliveryParts, own: HeldStream) {
    this.#parts = parts;
    this.#own = own;
  }

  async run(from: EventStream, isClosing: () => boolean): Promise<void> {
    const { clients, events, issuer, clock } = this.#parts;
    const { clientId } = this.#own;
    let stream = from;
    for (;;) {
      // What is registered now decides, also in the middle of many events.
      const client = clients.find(clientId);
      const receiver = client && receiverOf(client, issuer);
      if (client === undefined || receiver === undefined || !hasPseudonyms(client)) break;
      const { change: seen } = clients;
      const query = { clientId, sector: client.sector, after: stream, now: clock() };
      const { changes, end } = await events.next({ ...query, limit: CHANGES_AT_ONCE });
      let isOutdated = false;
      for (const change of changes) {
        if (isClosing() || performance.now() - this.#begun > TURN) return this.#end(stream);
        // Each push may take its time: a client that was changed meanwhile, or a user who was
        // erased, is looked at anew.
        isOutdated = clients.find(clientId) !== client || clients.isEnded(change.userIndex, seen);
        if (isOutdated) break;
        if (concerns(change, client)) {
          const outcome = await this.#push(client, receiver, change);
          if (outcome.kind !== 'delivered') return this.#fail(stream, client, change, outcome);
          this.#delivered += 1;
          stream = succeeded(stream);
        }
        const noted = await this.#noteNowAndThen(behind(stream, change));
        if (noted === undefined) return;
        stream = noted;
      }
      if (isOutdated || end === undefined) continue;
      stream = behind(stream, end);
      break;
    }
    await this.#end(stream);
  }

  async #push(
    client: Client,
    receiver: EventReceiver,
    change: TellableChange,
  ): Promise<PushOutcome> {
    const token = await subjectEvent(this.#parts, client, change);
    return pushSecurityEvent(this.#parts.exchange, receiver, token);
  }

  /** Undefined: another process has the stream. */
  async #noteNowAndThen(stream: EventStream): Promise<EventStream | undefined> {
    if (performance.now() - this.#notedAt < BETWEEN_NOTES) return stream;
    const tally = { delivered: this.#delivered, abandoned: [] };
    const noted = await this.#save(stream, tally, 'keep');
    this.#delivered = 0;
    this.#notedAt = performance.now();
    return noted;
  }

  async #end(stream: EventStream): Promise<void> {
    const { log } = this.#parts;
    const delivered = this.#delivered;
    await this.#save(stream, { delivered, abandoned: [] }, 'give back');
    if (delivered > 0) log.info({ client: this.#own.clientId, delivered }, 'events delivered');
  }

  /** Tries the event again later, or gives it up. */
  async #fail(
    stream: EventStream,
    client: Client,
    change: TellableChange,
    { kind, why }: Exclude<PushOutcome, { kind: 'delivered' }>,
  ): Promise<void> {
    const { clock, log } = this.#parts;
    const jti = jtiOf(this.#parts, client, change);
    const { failed, isOver, tries, wait } = afterFailure(stream, change, { kind, why }, clock());
    const abandoned = isOver ? [{ jti, why, attempts: tries }] : [];
    await this.#save(failed, { delivered: this.#delivered, abandoned }, 'give back');
    const told = { client: client.clientId, jti, why, attempt: tries, retryAfter: wait };
    if (isOver) log.warn({ ...told, ...EVENT_ABANDONED }, 'event given up');
    else log.warn(told, 'event not delivered');
  }

  #save(
    stream: EventStream,
    tally: EventTally,
    lease: 'keep' | 'give back',
  ): Promise<EventStream | undefined> {
    return this.#parts.events.save(this.#own, stream, tally, { now: this.#parts.clock(), lease });
  }
}

/** Where a client takes events, if it takes them there. */
function receiverOf({ metadata, eventsAuthorization }: Client, issuer: string) {
  const { events } = metadata;
  if (events?.delivery !== 'push') return undefined;
  return {
    url: new URL(events.endpoint_url),
    authorization: eventsAuthorization,
    mayBePlain: issuer.startsWith('http:'),
  };
}

import type { Config } from '../config/types.ts';
import type { Connection } from '../database/connection.ts';
import { SubjectEvents } from '../grants/subject-events.ts';
import type { Logger } from '../observability/logger.ts';
import { openGuardedExchange } from '../outbound/guarded-exchange.ts';
import type { ClientAuthenticationParts } from '../protocol/client-authentication.ts';
import { EventCourier } from '../protocol/event-delivery.ts';
import { eventsEndpoint } from '../protocol/events.ts';
import type { Endpoint } from '../protocol/message.ts';
import type { IssueParts } from '../protocol/token-issue.ts';
import type { Registry } from '../vendors/registry.ts';

/** What a receiver is asked with: it answers with next to nothing. */
const EVENT_EXCHANGE = { connections: 2, timeoutMilliseconds: 5000, maxBytes: 16 * 1024 } as const;

/** What telling vendors of changed subjects is wired from. */
export interface EventOptions {
  readonly config: Pick<Config, 'outboundPrivateOrigins'>;
  readonly db: Connection;
  readonly issue: IssueParts;
  readonly registry: Registry;
  readonly authentication: ClientAuthenticationParts;
  readonly log: Logger;
}

/** Wires the feed of events, and what pushes them. */
export function composeEvents(options: EventOptions): {
  readonly events: Endpoint;
  close(): Promise<void>;
} {
  const { config, db, issue, registry, authentication, log } = options;
  const { issuer, claimsRoot, signingKey, clock } = issue;
  const told = { issuer, claimsRoot, signingKey, clock, events: new SubjectEvents(db) };
  const pool = openGuardedExchange({
    mayBePrivate: (origin) => config.outboundPrivateOrigins.includes(origin),
    limits: EVENT_EXCHANGE,
  });
  const courier = new EventCourier({ ...told, clients: registry, exchange: pool.exchange, log });
  courier.start();
  let isClosing = false;
  return {
    events: eventsEndpoint({ ...issue, ...told, authentication, isClosing: () => isClosing }),
    close: async () => {
      isClosing = true;
      await courier.close();
      await pool.close();
    },
  };
}

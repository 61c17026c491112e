import { randomUUID } from 'node:crypto';

import type { Config } from '../config/types.ts';
import type { Connection } from '../database/connection.ts';
import { SecurityFeed } from '../grants/security-feed.ts';
import type { Logger } from '../observability/logger.ts';
import { SecurityWebhook } from '../protocol/security-webhook.ts';
import type { KeyRing } from '../signing/ring.ts';
import { createExchange } from '../upstream/exchange.ts';

/** What the operator's receiver is asked with: it answers with next to nothing. */
const WEBHOOK_EXCHANGE = {
  connections: 1,
  timeoutMilliseconds: 5000,
  maxBytes: 16 * 1024,
} as const;

/** What telling the operator is wired from. */
export interface SecurityWebhookOptions {
  readonly config: Pick<Config, 'issuer' | 'securityWebhook'>;
  readonly db: Connection;
  readonly ring: KeyRing;
  readonly clock: () => Date;
  readonly log: Logger;
}

/** Wires what pushes security events; nothing where no address is configured. */
export function composeSecurityWebhook(options: SecurityWebhookOptions): {
  close(): Promise<void>;
} {
  const { config, db, ring, clock, log } = options;
  const { url, authorization } = config.securityWebhook;
  if (url === undefined) return { close: () => Promise.resolve() };
  const pool = createExchange(WEBHOOK_EXCHANGE);
  const webhook = new SecurityWebhook({
    ...{
      issuer: config.issuer,
      url: new URL(url),
      authorization,
      exchange: pool.exchange,
      clock,
      log,
    },
    feed: new SecurityFeed(db, randomUUID()),
    signingKey: (algorithm) => ring.signingKey(algorithm),
  });
  webhook.start();
  return {
    close: async () => {
      await webhook.close();
      await pool.close();
    },
  };
}

import type { Connection } from '../database/connection.ts';
import { purgeDeliveries } from '../database/logout-deliveries.ts';
import { purgeVendorTokens } from '../database/purge.ts';
import { purgeReferences } from '../database/references.ts';
import { purgeSessions } from '../database/sessions.ts';
import { purgeSpent } from '../database/spent.ts';
import type { Logger } from '../observability/logger.ts';

/** Milliseconds between two rounds. */
const INTERVAL = 600_000;

/** What housekeeping works with. */
interface HousekeepingParts {
  readonly db: Connection;
  readonly clock: () => Date;
  readonly log: Logger;
  /** What else is to be forgotten in each round. */
  readonly further: () => Promise<void>;
}

/** Forgets, from time to time, what has expired; returns how to stop it. */
export function keepHouse({ db, clock, log, further }: HousekeepingParts): () => void {
  const round = async (): Promise<void> => {
    const now = clock();
    const spent = await purgeSpent(db, now);
    const sessions = await purgeSessions(db, now);
    const references = await purgeReferences(db, now);
    const deliveries = await purgeDeliveries(db, now);
    const tokens = await purgeVendorTokens(db, now);
    log.debug({ spent, sessions, references, deliveries, tokens }, 'expired rows removed');
    await further();
  };
  const timer = setInterval(() => {
    round().catch((error: unknown) => log.warn({ err: error }, 'expired rows not removed'));
  }, INTERVAL).unref();
  return () => clearInterval(timer);
}

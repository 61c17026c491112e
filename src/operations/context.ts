import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import type { Keyring } from '../database/keyring.ts';
import type { Logger } from '../observability/logger.ts';

/** What an operation works with, whoever asks for it: command line, admin API or dashboard. */
export interface OperationContext {
  readonly db: Connection;
  readonly atRest: AtRest;
  readonly keyring: Keyring;
  readonly clock: () => Date;
  readonly log: Logger;
}

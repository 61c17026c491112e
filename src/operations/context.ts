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
  /** Told of pseudonyms that were made, when they are committed; where somebody counts them. */
  readonly pseudonymsMade?: ((made: MadePseudonyms) => void) | undefined;
}

/** Pseudonyms that an operator had made. */
export interface MadePseudonyms {
  readonly sector: string;
  readonly origin: 'import' | 'rotation' | 'unlinking';
  readonly count: number;
}

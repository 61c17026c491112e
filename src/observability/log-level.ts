import type { Config } from '../config/types.ts';

/** How much is logged. */
export type Level = Config['logLevel'];

/** Every level, the loudest last. */
export const LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** How much one process logs at the moment; every logger made from it follows. */
export class LogLevel {
  #current: Level;

  constructor(level: Level) {
    this.#current = level;
  }

  get current(): Level {
    return this.#current;
  }

  /** From now on, for loggers of requests that are under way too. */
  set(level: Level): void {
    this.#current = level;
  }

  /** Whether a line of that level is written. */
  admits(level: Exclude<Level, 'silent'>): boolean {
    return LEVELS.indexOf(level) <= LEVELS.indexOf(this.#current);
  }
}

import { pino } from 'pino';

import { LogLevel } from './log-level.ts';
import type { Level } from './log-level.ts';
import { scrub, speakable } from './redaction.ts';

/** One level's way in: fields and a message, or a message alone. */
export interface LogFunction {
  (fields: object, message?: string): void;
  (message: string): void;
}

/** What the rest of the code knows of a logger; small, so that a test can capture it. */
export interface Logger {
  readonly error: LogFunction;
  readonly warn: LogFunction;
  readonly info: LogFunction;
  readonly debug: LogFunction;
  /** A logger that adds these fields to every line. */
  child(fields: object): Logger;
}

/** Where lines go: one JSON object and a line feed at a time. */
interface LogDestination {
  write(line: string): void;
}

export interface LoggerOptions {
  /** A {@link LogLevel} may be changed while the logger is used. */
  readonly level: Level | LogLevel;
  /** Default: standard output. */
  readonly destination?: LogDestination;
}

/**
 * A logger of JSON lines. Fields pass an allow-list of kinds (see
 * {@link speakable}) and every text is scrubbed of tokens, so that a request, a
 * header or a secret that is logged by mistake does not come out.
 */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options = {
    // Which lines are written is decided before pino sees them: its children would keep the
    // level that they were made with.
    level: 'trace',
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (described: unknown) => described },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const target = destination === undefined ? pino(options) : pino(options, destination);
  return guarded(target, typeof level === 'string' ? new LogLevel(level) : level);
}

type Spoken = 'error' | 'warn' | 'info' | 'debug';

/**
 * Guards every way into pino. Its own serializers and formatters are not enough:
 * they see neither the message nor the fields of a child, and pino copies the
 * message of a logged error past them.
 */
function guarded(target: pino.Logger, admitted: LogLevel): Logger {
  const at =
    (level: Spoken): LogFunction =>
    (first: object | string, message?: string) => {
      if (!admitted.admits(level)) return;
      if (typeof first === 'string') target[level](scrub(first));
      else target[level](speakable(first), message === undefined ? undefined : scrub(message));
    };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => guarded(target.child(speakable(fields)), admitted),
  };
}

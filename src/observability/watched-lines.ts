import type { LogFunction, Logger } from './logger.ts';

/** The fields of a line with those of its logger. */
export type LineFields = Readonly<Record<string, unknown>>;

/** Called with every warning and error that has fields, after it was written. */
export type LineWatcher = (fields: LineFields, message: string | undefined) => void;

/**
 * A logger that shows `see` what is logged through it as a warning or an error. So what
 * stands in the log is counted and recorded too, and no part of the proxy has to say it twice.
 */
export function watchedLines(log: Logger, see: LineWatcher, context: LineFields = {}): Logger {
  const watching =
    (speak: LogFunction): LogFunction =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') {
        speak(first);
        return;
      }
      speak(first, message);
      see({ ...context, ...first }, message);
    };
  return {
    error: watching(log.error),
    warn: watching(log.warn),
    info: log.info,
    debug: log.debug,
    child: (fields) => watchedLines(log.child(fields), see, { ...context, ...fields }),
  };
}

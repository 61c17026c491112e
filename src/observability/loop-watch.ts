import type { Logger } from './logger.ts';

/** Milliseconds for which nobody is served before that is worth a line. */
const LONG = 500;
/** Milliseconds between two looks at the clock. */
const TICK = 100;

/**
 * Says in the log when the process was busy with one thing for so long that nobody was served
 * meanwhile: a processor that others use, memory that is swapped, or a fault of ours.
 *
 * @returns ends the watch
 */
export function watchLoop(log: Logger): () => void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const blocked = Math.round(now - last - TICK);
    last = now;
    if (blocked >= LONG) log.warn({ milliseconds: blocked }, 'the event loop was blocked');
  }, TICK).unref();
  return () => clearInterval(timer);
}

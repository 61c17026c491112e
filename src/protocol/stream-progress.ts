import type { EventStream, StreamPosition } from '../grants/subject-events.ts';
import type { PushOutcome } from '../outbound/security-event-push.ts';

/** Seconds until the next attempt, after each one that failed without a success since. */
const WAITS = [10, 30, 120, 600, 1800, 3600] as const;
const LONGEST_WAIT = 3600;
/** Attempts with one event: where nobody answers well, and where the receiver does not want it. */
const ATTEMPTS = { failed: 12, refused: 3 } as const;

/** A stream whose receiver has taken an event. */
export function succeeded(stream: EventStream): EventStream {
  return { ...stream, failures: 0, tries: 0, lastFailure: undefined };
}

/** A stream that is behind an event. */
export function behind(stream: EventStream, { batch, place }: StreamPosition): EventStream {
  return { ...stream, batch, place };
}

/**
 * A stream whose receiver did not take the event at `position`: when it is tried again, and
 * whether the event is given up. `wait` is in seconds.
 */
export function afterFailure(
  stream: EventStream,
  position: StreamPosition,
  { kind, why }: Exclude<PushOutcome, { kind: 'delivered' }>,
  now: Date,
): {
  readonly failed: EventStream;
  readonly isOver: boolean;
  readonly tries: number;
  readonly wait: number;
} {
  const tries = stream.tries + 1;
  const isOver = tries >= ATTEMPTS[kind];
  const wait = WAITS[stream.failures] ?? LONGEST_WAIT;
  const failed: EventStream = {
    ...(isOver ? behind(stream, position) : stream),
    tries: isOver ? 0 : tries,
    failures: stream.failures + 1,
    dueAt: new Date(now.getTime() + wait * 1000),
    lastFailure: why,
  };
  return { failed, isOver, tries, wait };
}

import type { LogFunction, Logger } from '../observability/logger.ts';

/** What the proxy refused or held back, as its log says. */
export interface HeldBack {
  readonly reason: string;
  readonly detail: string | undefined;
}

/** A logger that keeps refusals and says nothing. */
export function heldBackLog(): {
  readonly log: Logger;
  /** What was kept since the last call. */
  readonly taken: () => readonly HeldBack[];
} {
  let kept: HeldBack[] = [];
  const keep: LogFunction = (first: object | string) => {
    if (typeof first === 'string' || !('reason' in first)) return;
    const detail = 'detail' in first && typeof first.detail === 'string' ? first.detail : undefined;
    kept.push({ reason: String(first.reason), detail });
  };
  const log: Logger = { error: keep, warn: keep, info: keep, debug: keep, child: () => log };
  const taken = (): readonly HeldBack[] => {
    const before = kept;
    kept = [];
    return before;
  };
  return { log, taken };
}

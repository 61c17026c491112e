import type { Reason } from './errors.ts';

/** A failure as a value: a stable reason, and a detail that only the log may see. */
export interface Failure {
  readonly ok: false;
  readonly reason: Reason;
  /** For the operator's log alone; never a token, never a secret, never sent to a vendor. */
  readonly detail?: string;
}

/** What `tokens/` and `subjects/` return instead of throwing. */
export type Result<T> = { readonly ok: true; readonly value: T } | Failure;

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(reason: Reason, detail?: string): Failure {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail };
}

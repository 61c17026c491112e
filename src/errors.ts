import { ACCOUNT } from './reasons/account.ts';
import { EVENTS } from './reasons/events.ts';
import { GRANTS } from './reasons/grants.ts';
import { INTERNAL_APIS } from './reasons/internal-apis.ts';
import { MAPPING } from './reasons/mapping.ts';
import { REGISTRATION } from './reasons/registration.ts';
import { REQUESTS } from './reasons/requests.ts';
import { UPSTREAM } from './reasons/upstream.ts';
import type { Wire } from './reasons/wire.ts';
import type { Failure, Result } from './result.ts';

/**
 * Every reason for which the proxy refuses, and what the wire says of it. Many
 * reasons share one answer, so that a prober learns nothing; the reason itself
 * goes to the log.
 */
export const REASONS = {
  ...REQUESTS,
  ...GRANTS,
  ...UPSTREAM,
  ...INTERNAL_APIS,
  ...REGISTRATION,
  ...MAPPING,
  ...EVENTS,
  ...ACCOUNT,
} as const;

/** A stable name for why something was refused. */
export type Reason = keyof typeof REASONS;

/** What the wire says for a reason. */
export function wireOf(reason: Reason): Wire {
  return REASONS[reason];
}

/**
 * The one exception of the request path. `detail` is for the log alone.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;
  readonly detail: string | undefined;

  constructor(reason: Reason, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? reason : `${reason}: ${detail}`, options);
    this.reason = reason;
    this.detail = detail;
  }
}

/**
 * A refusal that says in words what a vendor can put right. The description goes to the wire:
 * it holds nothing but rules and what the vendor itself sent.
 */
export class ExplainedRefusal extends Refusal {
  /** Printable ASCII without quotes and backslashes (RFC 6749 5.2). */
  readonly description: string;

  constructor(reason: Reason, description: string, options?: ErrorOptions) {
    super(reason, description, options);
    this.description = description
      .replaceAll('"', "'")
      .replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, '?')
      .slice(0, 1000);
  }
}

/** The value of a result, or its failure thrown at the edge as a {@link Refusal}. */
export function orRefuse<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw refusal(result);
}

/** A failure as an exception. */
function refusal(failed: Failure): Refusal {
  return new Refusal(failed.reason, failed.detail);
}

import type { Response } from 'express';

import { wireOf } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Instruments } from '../observability/metrics/registry.ts';
import type { RequestSpan } from '../observability/tracing/spans.ts';
import { watchedLines } from '../observability/watched-lines.ts';

/** Told of requests on the public listener. */
export type RequestMeter = Pick<
  Instruments,
  'requests' | 'requestSeconds' | 'inFlight' | 'refusals'
>;

/** Log lines with which a request ends in a refusal, whoever is told of it. */
const REFUSED: ReadonlySet<string | undefined> = new Set(['refused', 'login refused']);

/** A request's logger that keeps the reason of a refusal for {@link measureRequest}. */
export function notingRefusal(response: Response, log: Logger): Logger {
  return watchedLines(log, ({ reason }, message) => {
    if (REFUSED.has(message) && typeof reason === 'string') response.locals['reason'] = reason;
  });
}

/** Counts and times a request, and ends its span, when it is over, whichever way it ends. */
export function measureRequest(response: Response, meter: RequestMeter, span: RequestSpan): void {
  const begun = performance.now();
  meter.inFlight.inc();
  response.once('close', () => {
    meter.inFlight.dec();
    const { endpoint = 'none', reason, client } = response.locals as Noted;
    const outcome = outcomeOf(response, reason);
    meter.requestSeconds.observe({ endpoint }, (performance.now() - begun) / 1000);
    meter.requests.inc({ endpoint, outcome });
    if (reason !== undefined) meter.refusals.inc({ endpoint, reason });
    span.end({ endpoint, outcome, status: response.statusCode, client });
  });
}

interface Noted {
  /** As the route table has it, or `relay`; absent where no address of ours matched. */
  readonly endpoint?: string;
  readonly reason?: Reason;
  /** Once it is known which registered client speaks. */
  readonly client?: string;
}

function outcomeOf(response: Response, reason: Reason | undefined): string {
  if (reason !== undefined) return wireOf(reason).error;
  if (!response.writableFinished) return 'aborted';
  // What the relay passes on of the upstream, which no reason of ours stands behind.
  return response.statusCode >= 500 ? 'server_error' : 'ok';
}

import type { Request, RequestHandler, Response } from 'express';

import type { Instruments } from '../observability/metrics/registry.ts';

/** Told of requests on the admin listener. */
export type AdminMeter = Pick<Instruments, 'adminRequests' | 'adminRequestSeconds'>;

/** What of the listener was asked. */
type AdminPart = 'api' | 'dashboard' | 'probe';

/** Counts and times what is asked of one part of the admin listener, whichever way it ends. */
export function measured(meter: AdminMeter, part: AdminPart): RequestHandler {
  return (request, response, next) => {
    const begun = performance.now();
    response.once('close', () => {
      meter.adminRequestSeconds.observe({ part }, (performance.now() - begun) / 1000);
      meter.adminRequests.inc({ endpoint: endpointOf(request), outcome: outcomeOf(response) });
    });
    next();
  };
}

/** By the route that matched, whose parameters stay names; never by the address. */
function endpointOf({ method, route, baseUrl }: Request): string {
  const path: unknown = (route as { readonly path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? `${method} ${baseUrl}${path}` : 'none';
}

function outcomeOf({ statusCode, writableFinished }: Response): string {
  if (!writableFinished) return 'aborted';
  if (statusCode >= 500) return 'failed';
  return statusCode >= 400 ? 'refused' : 'ok';
}

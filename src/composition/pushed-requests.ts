import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Connection } from '../database/connection.ts';
import { takeReference } from '../database/references.ts';
import type { ClientAuthenticationParts } from '../protocol/client-authentication.ts';
import type { DpopParts } from '../protocol/dpop.ts';
import type { Endpoint } from '../protocol/message.ts';
import { pushedRequestEndpoint } from '../protocol/pushed-request.ts';
import { PushedRequests } from '../protocol/pushed-requests.ts';
import type { RequestParts } from '../protocol/request-parameters.ts';
import type { Seals } from '../protocol/seals.ts';

/** Requests that public clients may push from one address, in points and seconds. */
const UNAUTHENTICATED_PUSHES = { points: 600, duration: 60 } as const;

/** What pushed and signed authorization requests are wired from. */
export interface PushedRequestOptions extends Omit<RequestParts, 'pushed'> {
  readonly db: Connection;
  readonly seals: Seals;
  readonly authentication: ClientAuthenticationParts;
  readonly dpop: DpopParts;
}

/** Pushed and signed authorization requests: their endpoint, and what authorize reads them with. */
export function composePushedRequests(options: PushedRequestOptions): {
  readonly par: Endpoint;
  readonly requests: RequestParts;
} {
  const { db, seals, authentication, dpop, issuer, clientKeys, clock } = options;
  const pushed = new PushedRequests(seals, async (reference, now) => {
    return (await takeReference(db, 'pushed_request', reference, now)) !== undefined;
  });
  const requests = { issuer, clientKeys, clock, pushed };
  const unauthenticated = new RateLimiterMemory(UNAUTHENTICATED_PUSHES);
  const par = pushedRequestEndpoint({ ...requests, authentication, dpop, unauthenticated });
  return { requests, par };
}

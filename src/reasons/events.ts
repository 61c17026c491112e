import type { Wire } from './wire.ts';

/** What can be wrong where a vendor polls for events (RFC 8936 2.4). */
export const EVENTS = {
  events_body: {
    status: 400,
    error: 'invalid_request',
    description: 'The request body must be a JSON object as RFC 8936 2.4 describes it.',
  },
  events_not_polled: {
    status: 403,
    error: 'access_denied',
    description: 'This client does not poll for events. Register events with delivery: poll.',
  },
} as const satisfies Record<string, Wire>;

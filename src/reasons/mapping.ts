import type { Wire } from './wire.ts';

/** What can be wrong with a vendor's question for new subjects. */
export const MAPPING = {
  mapping_token_invalid: {
    status: 401,
    error: 'invalid_token',
    description: 'The mapping token is missing, not valid or expired.',
  },
  mapping_throttled: {
    status: 429,
    error: 'invalid_request',
    description: 'Too many requests. Try again later.',
    retryAfter: 60,
  },
  mapping_body: {
    status: 400,
    error: 'invalid_request',
    description:
      'The request body must be a JSON object with the member subjects: a list of 1 to 1000 texts.',
  },
} as const satisfies Record<string, Wire>;

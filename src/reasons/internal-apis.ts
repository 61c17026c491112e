import type { Wire } from './wire.ts';
import { UNAVAILABLE } from './wire.ts';

/** What can be wrong with a request to an internal API, and with its answer. */
export const INTERNAL_APIS = {
  api_path_refused: {
    status: 400,
    error: 'invalid_request',
    description: 'The path cannot be passed on.',
  },
  api_not_allowed: {
    status: 403,
    error: 'access_denied',
    description: 'The client may not use this API with this token.',
  },
  api_unavailable: { ...UNAVAILABLE, description: 'The API cannot be reached at the moment.' },
  api_answer_refused: {
    status: 502,
    error: 'server_error',
    description: 'The API gave an answer that is not passed on.',
  },
} as const satisfies Record<string, Wire>;

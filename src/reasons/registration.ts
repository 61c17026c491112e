import type { Wire } from './wire.ts';
import { UNAVAILABLE } from './wire.ts';

/** What can be wrong with clients that vendors register (RFC 7591 3.2.2, RFC 7592). */
export const REGISTRATION = {
  initial_token_invalid: {
    status: 401,
    error: 'invalid_token',
    description: 'The initial access token is missing, not valid, used up or expired.',
  },
  registration_token_invalid: {
    status: 401,
    error: 'invalid_token',
    description: 'The registration access token is missing or not the one of this client.',
  },
  registration_throttled: {
    status: 429,
    error: 'invalid_request',
    description: 'Too many requests. Try again later.',
    retryAfter: 60,
  },
  registration_body: {
    status: 400,
    error: 'invalid_client_metadata',
    description: 'The request body must be a JSON object with the media type application/json.',
  },
  // The description of these says what is wrong.
  client_metadata_invalid: {
    status: 400,
    error: 'invalid_client_metadata',
    description: 'The client metadata is not valid.',
  },
  client_redirect_uri_invalid: {
    status: 400,
    error: 'invalid_redirect_uri',
    description: 'A redirect URI is missing or not valid.',
  },
  software_statement_unapproved: {
    status: 400,
    error: 'unapproved_software_statement',
    description: 'Software statements are not accepted here: leave software_statement out.',
  },
  upstream_registration_refused: {
    status: 400,
    error: 'invalid_client_metadata',
    description: 'The identity provider does not accept a client with this metadata.',
  },
  upstream_client_missing: {
    ...UNAVAILABLE,
    retryAfter: 3600,
    description: 'No client can be registered at the moment. The operator has to prepare one.',
  },
  registration_conflict: {
    ...UNAVAILABLE,
    description: 'The client was changed by another request meanwhile.',
  },
} as const satisfies Record<string, Wire>;

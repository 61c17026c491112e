import type { Wire } from './wire.ts';
import { UNAVAILABLE } from './wire.ts';

const UPSTREAM_BROKEN = {
  status: 502,
  error: 'server_error',
  description: 'The identity provider gave an answer that could not be used.',
} as const;

/** What can be wrong with the upstream, with subjects, and with the proxy itself. */
export const UPSTREAM = {
  // Upstream
  upstream_unavailable: {
    ...UNAVAILABLE,
    description: 'The identity provider cannot be reached at the moment.',
  },
  upstream_timeout: {
    ...UNAVAILABLE,
    description: 'The identity provider did not answer in time.',
  },
  upstream_status: UPSTREAM_BROKEN,
  upstream_redirect: UPSTREAM_BROKEN,
  upstream_media_type: UPSTREAM_BROKEN,
  upstream_encoding: UPSTREAM_BROKEN,
  upstream_too_large: UPSTREAM_BROKEN,
  upstream_truncated: UPSTREAM_BROKEN,
  upstream_malformed: UPSTREAM_BROKEN,
  upstream_metadata: UPSTREAM_BROKEN,
  upstream_client: {
    status: 502,
    error: 'server_error',
    description: 'The identity provider refused the proxy.',
  },
  upstream_token_missing: UPSTREAM_BROKEN,
  // Upstream ID token
  id_token_malformed: UPSTREAM_BROKEN,
  id_token_algorithm: UPSTREAM_BROKEN,
  id_token_key_unknown: UPSTREAM_BROKEN,
  id_token_signature: UPSTREAM_BROKEN,
  id_token_issuer: UPSTREAM_BROKEN,
  id_token_audience: UPSTREAM_BROKEN,
  id_token_expired: UPSTREAM_BROKEN,
  id_token_not_yet_valid: UPSTREAM_BROKEN,
  id_token_nonce: UPSTREAM_BROKEN,
  id_token_hash: UPSTREAM_BROKEN,
  // Upstream userinfo, where it is signed
  userinfo_key_unknown: UPSTREAM_BROKEN,
  userinfo_jwt_invalid: UPSTREAM_BROKEN,
  // Subjects
  subject_missing: UPSTREAM_BROKEN,
  subject_too_long: UPSTREAM_BROKEN,
  subject_of_another_user: UPSTREAM_BROKEN,
  subject_collision: {
    status: 500,
    error: 'server_error',
    description: 'No subject could be given.',
  },
  // The proxy itself
  database_unavailable: { ...UNAVAILABLE, description: 'The service is temporarily unavailable.' },
  configuration_stale: { ...UNAVAILABLE, description: 'The service is temporarily unavailable.' },
  overloaded: { ...UNAVAILABLE, description: 'The service has too much to do at the moment.' },
  client_key_missing: {
    status: 500,
    error: 'server_error',
    description: 'The client publishes no key that its answers can be encrypted to.',
  },
  key_unavailable: { ...UNAVAILABLE, description: 'The service is temporarily unavailable.' },
  relay_refused: {
    status: 400,
    error: 'invalid_request',
    description: 'The request cannot be passed on.',
  },
  relay_blocked: {
    status: 502,
    error: 'server_error',
    description: 'The answer of the identity provider was held back.',
  },
  unexpected: { status: 500, error: 'server_error', description: 'Something went wrong.' },
} as const satisfies Record<string, Wire>;

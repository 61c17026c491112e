import type { Wire } from './wire.ts';
import { UNAVAILABLE, BAD_CODE } from './wire.ts';

const BAD_REFRESH = {
  status: 400,
  error: 'invalid_grant',
  description: 'The refresh token is not valid, has expired, or was issued to another client.',
} as const;
const BAD_PENDING_LOGIN = {
  status: 400,
  error: 'invalid_grant',
  description: 'The device_code or auth_req_id is not valid, or was issued to another client.',
} as const;
const BAD_SUBJECT_TOKEN = {
  status: 400,
  error: 'invalid_request',
  description: 'The subject_token is not valid, has expired, or was issued to another client.',
} as const;
const BAD_TOKEN = {
  status: 401,
  error: 'invalid_token',
  description: 'The access token is not valid or has expired.',
} as const;
const BAD_PROOF = {
  error: 'invalid_dpop_proof',
  description: 'The DPoP proof is missing or not valid.',
} as const;
const NONCE_WANTED = {
  error: 'use_dpop_nonce',
  description: 'The DPoP proof must hold the nonce of the DPoP-Nonce header.',
} as const;
const BAD_CLIENT = {
  status: 401,
  error: 'invalid_client',
  description: 'Client authentication failed.',
} as const;

/** What can be wrong with clients, codes, tokens and proofs. */
export const GRANTS = {
  // Client authentication
  client_authentication_missing: BAD_CLIENT,
  client_authentication_failed: BAD_CLIENT,
  client_authentication_method: BAD_CLIENT,
  client_assertion_invalid: BAD_CLIENT,
  client_assertion_key_unknown: BAD_CLIENT,
  client_assertion_expired: BAD_CLIENT,
  client_assertion_replayed: BAD_CLIENT,
  client_keys_unavailable: {
    ...UNAVAILABLE,
    description: 'The keys of the client cannot be fetched at the moment.',
  },
  client_authentication_throttled: {
    status: 429,
    error: 'invalid_client',
    description: 'Too many failed attempts. Try again later.',
    retryAfter: 60,
  },
  // Grants
  grant_type_unsupported: {
    status: 400,
    error: 'unsupported_grant_type',
    description: 'The grant type is not supported.',
  },
  grant_type_unauthorized: {
    status: 400,
    error: 'unauthorized_client',
    description: 'The client may not use this grant type.',
  },
  client_scope_invalid: {
    status: 400,
    error: 'invalid_scope',
    description: 'The scope may hold only what the client registered, and nothing of a user.',
  },
  code_invalid: BAD_CODE,
  code_expired: BAD_CODE,
  code_of_another_client: BAD_CODE,
  code_replayed: BAD_CODE,
  code_redirect_uri: BAD_CODE,
  code_verifier_invalid: BAD_CODE,
  refresh_invalid: BAD_REFRESH,
  refresh_expired: BAD_REFRESH,
  refresh_of_another_client: BAD_REFRESH,
  refresh_replayed: BAD_REFRESH,
  grant_revoked: BAD_REFRESH,
  continuity_ended: BAD_REFRESH,
  // Logins elsewhere (RFC 8628 3.5, CIBA 11 and 13)
  authorization_pending: {
    status: 400,
    error: 'authorization_pending',
    description: 'The user has not decided yet.',
  },
  polling_too_fast: {
    status: 400,
    error: 'slow_down',
    description: 'Wait five seconds longer between two requests.',
  },
  authorization_expired: {
    status: 400,
    error: 'expired_token',
    description: 'The user did not decide in time.',
  },
  authorization_denied: {
    status: 400,
    error: 'access_denied',
    description: 'The request was denied.',
  },
  pending_login_invalid: BAD_PENDING_LOGIN,
  pending_login_of_another_client: BAD_PENDING_LOGIN,
  pending_login_replayed: BAD_PENDING_LOGIN,
  user_unknown: {
    status: 400,
    error: 'unknown_user_id',
    description: 'The hint names no user of this client.',
  },
  binding_message_invalid: {
    status: 400,
    error: 'invalid_binding_message',
    description: 'The binding message cannot be shown.',
  },
  // Revocation (RFC 7009 2.2.1)
  token_unrevocable: {
    status: 400,
    error: 'unsupported_token_type',
    description: 'Tokens of this kind cannot be revoked here.',
  },
  // Token exchange (RFC 8693 2.2.2)
  subject_token_invalid: BAD_SUBJECT_TOKEN,
  subject_token_of_another_client: BAD_SUBJECT_TOKEN,
  subject_token_refused: BAD_SUBJECT_TOKEN,
  exchange_target: {
    status: 400,
    error: 'invalid_target',
    description: 'Tokens for this resource or audience are not given.',
  },
  // DPoP (RFC 9449), at the token endpoint and with an access token
  dpop_proof_missing: { status: 400, ...BAD_PROOF },
  dpop_proof_invalid: { status: 400, ...BAD_PROOF },
  dpop_proof_replayed: { status: 400, ...BAD_PROOF },
  dpop_nonce_required: { status: 400, ...NONCE_WANTED },
  code_dpop_key: BAD_CODE,
  refresh_dpop_key: BAD_REFRESH,
  token_dpop_proof: { status: 401, ...BAD_PROOF },
  token_dpop_nonce: { status: 401, ...NONCE_WANTED },
  token_dpop_binding: BAD_TOKEN,
  token_missing: {
    status: 401,
    error: 'invalid_token',
    description: 'A Bearer access token is required.',
  },
  token_invalid: BAD_TOKEN,
  token_expired: BAD_TOKEN,
  // Seals (mapped to the reasons above by whoever opens them)
  seal_malformed: BAD_TOKEN,
  seal_expired: BAD_TOKEN,
} as const satisfies Record<string, Wire>;

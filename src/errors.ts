import type { Failure, Result } from './result.ts';

interface Wire {
  readonly status: number;
  /** The standard code a vendor sees (RFC 6749 5.2, OpenID Connect Core 3.1.2.6, RFC 6750 3.1). */
  readonly error: string;
  /** A fixed sentence; never built from a request or from the upstream. */
  readonly description: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable', retryAfter: 5 } as const;
const UPSTREAM_BROKEN = {
  status: 502,
  error: 'server_error',
  description: 'The identity provider gave an answer that could not be used.',
} as const;
const BAD_CODE = {
  status: 400,
  error: 'invalid_grant',
  description: 'The code is not valid, has expired, or was issued to another client.',
} as const;
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
const BAD_LOGOUT_TOKEN = {
  status: 400,
  error: 'invalid_request',
  description: 'The logout token is not valid.',
} as const;
const BAD_CLIENT = {
  status: 401,
  error: 'invalid_client',
  description: 'Client authentication failed.',
} as const;

/**
 * Every reason for which the proxy refuses, and what the wire says of it. Many
 * reasons share one answer, so that a prober learns nothing; the reason itself
 * goes to the log.
 */
export const REASONS = {
  // The request
  request_malformed: {
    status: 400,
    error: 'invalid_request',
    description: 'The request is malformed.',
  },
  parameter_missing: {
    status: 400,
    error: 'invalid_request',
    description: 'A required parameter is missing.',
  },
  parameter_duplicated: {
    status: 400,
    error: 'invalid_request',
    description: 'A parameter is included more than once.',
  },
  body_too_large: {
    status: 413,
    error: 'invalid_request',
    description: 'The request body is too large.',
  },
  body_type: {
    status: 400,
    error: 'invalid_request',
    description: 'The request body must be application/x-www-form-urlencoded.',
  },
  method_not_allowed: {
    status: 405,
    error: 'invalid_request',
    description: 'The method is not allowed here.',
  },
  not_found: {
    status: 404,
    error: 'invalid_request',
    description: 'There is nothing at this address.',
  },
  // Authorization requests
  client_unknown: {
    status: 400,
    error: 'invalid_request',
    description: 'The client is not registered here.',
  },
  redirect_uri_unregistered: {
    status: 400,
    error: 'invalid_request',
    description: 'The redirect URI is not registered for this client.',
  },
  response_type_unsupported: {
    status: 400,
    error: 'unsupported_response_type',
    description: 'The response type is not supported.',
  },
  response_mode_unsupported: {
    status: 400,
    error: 'invalid_request',
    description: 'The response mode is not supported.',
  },
  request_object_unsupported: {
    status: 400,
    error: 'request_not_supported',
    description: 'Request objects are not supported.',
  },
  request_uri_unsupported: {
    status: 400,
    error: 'request_uri_not_supported',
    description: 'Request URIs are not supported.',
  },
  request_object_invalid: {
    status: 400,
    error: 'invalid_request_object',
    description: 'The request object is not valid.',
  },
  request_object_required: {
    status: 400,
    error: 'invalid_request',
    description: 'The client must send its requests as signed request objects.',
  },
  request_uri_invalid: {
    status: 400,
    error: 'invalid_request_uri',
    description: 'The request_uri is unknown, was used, has expired, or is of another client.',
  },
  pushed_request_required: {
    status: 400,
    error: 'invalid_request',
    description: 'The client must push its authorization requests.',
  },
  client_cannot_push: {
    status: 400,
    error: 'unauthorized_client',
    description: 'The client may not push authorization requests.',
  },
  scope_invalid: {
    status: 400,
    error: 'invalid_scope',
    description: 'The scope must include openid and only what the client registered.',
  },
  resource_invalid: {
    status: 400,
    error: 'invalid_target',
    description:
      'The resource is not an absolute URI without a fragment, or not one for this client.',
  },
  response_type_unregistered: {
    status: 400,
    error: 'unauthorized_client',
    description: 'The response type is not registered for this client.',
  },
  hint_mismatch: {
    status: 400,
    error: 'login_required',
    description: 'Another user is logged in.',
  },
  hint_mismatch_late: BAD_CODE,
  client_front_channel: {
    status: 400,
    error: 'unauthorized_client',
    description: 'The client may not use this response type.',
  },
  pkce_required: {
    status: 400,
    error: 'invalid_request',
    description: 'A code_challenge with the method S256 is required.',
  },
  logins_throttled: {
    ...UNAVAILABLE,
    description: 'Too many logins were begun from this address. Try again later.',
  },
  login_required: { status: 400, error: 'login_required', description: 'The user must log in.' },
  // Authorization responses
  response_foreign: {
    status: 400,
    error: 'invalid_request',
    description: 'This is not the answer to a login that began here.',
  },
  browser_mismatch: {
    status: 400,
    error: 'invalid_request',
    description: 'The login was begun in another browser.',
  },
  upstream_refused: {
    status: 400,
    error: 'access_denied',
    description: 'The identity provider refused the login.',
  },
  // Logout
  logout_hint_invalid: {
    status: 400,
    error: 'invalid_request',
    description: 'The id_token_hint was not issued to this client.',
  },
  logout_token_invalid: BAD_LOGOUT_TOKEN,
  logout_token_replayed: BAD_LOGOUT_TOKEN,
  post_logout_redirect_uri_unregistered: {
    status: 400,
    error: 'invalid_request',
    description: 'The post-logout redirect URI is not registered for this client.',
  },
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

/** The value of a result, or its failure thrown at the edge as a {@link Refusal}. */
export function orRefuse<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw refusal(result);
}

/** A failure as an exception. */
function refusal(failed: Failure): Refusal {
  return new Refusal(failed.reason, failed.detail);
}

import type { Wire } from './wire.ts';
import { UNAVAILABLE, BAD_CODE } from './wire.ts';

const BAD_LOGOUT_TOKEN = {
  status: 400,
  error: 'invalid_request',
  description: 'The logout token is not valid.',
} as const;

/** What can be wrong with authorization requests, their answers, and logout. */
export const REQUESTS = {
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
  // The notice before a first login
  notice_impossible: {
    status: 400,
    error: 'unauthorized_client',
    description: 'The notice of this vendor cannot be shown for this client.',
  },
  notice_unseen: {
    status: 400,
    error: 'consent_required',
    description: 'The user must be told first what the application will get.',
  },
  notice_declined: {
    status: 400,
    error: 'access_denied',
    description: 'The user did not go on.',
  },
  notice_gone: {
    status: 400,
    error: 'invalid_request',
    description:
      'This page was answered already, or has expired. Go back to where you came from and log in again.',
  },
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
} as const satisfies Record<string, Wire>;

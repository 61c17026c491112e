import type { Refusal } from '../errors.ts';
import { wireOf } from '../errors.ts';

/** Where an authorization response goes, and which `state` the vendor gets back. */
export interface Addressee {
  readonly redirectUri: string;
  readonly state: string | undefined;
}

/**
 * An authorization response in the query (RFC 6749 4.1.2, RFC 9207), made of
 * known members only. The vendor's own query stays in front, to the letter.
 */
export function authorizationAnswer(
  to: Addressee,
  issuer: string,
  members: Readonly<Record<string, string>>,
): string {
  const answer = new URLSearchParams({ ...members });
  if (to.state !== undefined) answer.append('state', to.state);
  answer.append('iss', issuer);
  const location = new URL(to.redirectUri);
  const own = location.search === '' ? '' : `${location.search}&`;
  location.search = own + answer.toString();
  return location.href;
}

/** The error response for a refusal (RFC 6749 4.1.2.1). */
export function authorizationError(to: Addressee, issuer: string, refused: Refusal): string {
  const { error, description } = wireOf(refused.reason);
  return authorizationAnswer(to, issuer, { error, error_description: description });
}

/** The codes of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6 that may pass. */
const STANDARD_ERRORS = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_request',
  'invalid_scope',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unmet_authentication_requirements',
]);

/** The upstream's error code where it is a standard one; its words never pass, they can name users. */
export function standardError(upstreamError: string): string {
  return STANDARD_ERRORS.has(upstreamError) ? upstreamError : 'server_error';
}

import type { Refusal } from '../errors.ts';
import { wireOf } from '../errors.ts';
import { appendedQuery } from './appended-query.ts';
import type { ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { formPostPage } from './form-post.ts';
import type { ResponseMode } from './response-mode.ts';

/** Where an authorization response goes, and which `state` the vendor gets back. */
export interface Addressee {
  readonly redirectUri: string;
  readonly state: string | undefined;
}

/** The members of an authorization response, before `state` and `iss`. */
export type AnswerMembers = Readonly<Record<string, string>>;

/** Signs the members of a JARM response for a client. */
export type SignAnswer = (members: AnswerMembers) => Promise<string>;

/**
 * An authorization response of known members only (RFC 6749 4.1.2, RFC 9207),
 * in any response mode. `sign` is used for JARM alone.
 */
export async function authorizationAnswer(
  to: Addressee & { readonly responseMode: ResponseMode },
  issuer: string,
  members: AnswerMembers,
  sign: SignAnswer,
): Promise<ProtocolResponse> {
  const complete = withStateAndIssuer(to, issuer, members);
  const [carrier, form] = to.responseMode.split('.');
  // JARM 2.1: `iss` is a claim of its own there.
  const { iss: _, ...signed } = complete;
  const sent = form === 'jwt' ? { response: await sign(signed) } : complete;
  if (carrier === 'form_post') return formPostPage(to.redirectUri, sent);
  const location = carrier === 'fragment' ? inFragment(to, sent) : inQuery(to, sent);
  return { kind: 'redirect', location, headers: NO_STORE };
}

/** An authorization response in the query, where nothing else is asked for. */
export function queryAnswer(to: Addressee, issuer: string, members: AnswerMembers): string {
  return inQuery(to, withStateAndIssuer(to, issuer, members));
}

/** The members of an error response (RFC 6749 4.1.2.1). */
export function errorMembers(refused: Refusal): AnswerMembers {
  const { error, description } = wireOf(refused.reason);
  return { error, error_description: description };
}

function withStateAndIssuer(to: Addressee, issuer: string, members: AnswerMembers): AnswerMembers {
  return { ...members, ...(to.state === undefined ? {} : { state: to.state }), iss: issuer };
}

function inQuery(to: Addressee, members: AnswerMembers): string {
  return appendedQuery(to.redirectUri, members);
}

function inFragment(to: Addressee, members: AnswerMembers): string {
  const location = new URL(to.redirectUri);
  location.hash = new URLSearchParams({ ...members }).toString();
  return location.href;
}

/** The codes of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6 that may pass. */
const STANDARD_ERRORS = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
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

import { Refusal } from '../errors.ts';
import { scopesFor } from '../tokens/release.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import { responseTypeOf, type ResponseType } from '../vendors/response-types.ts';
import type { Addressee } from './authorization-answer.ts';
import type { ClaimsRequest } from './claims-request.ts';
import { readClaimsRequest } from './claims-request.ts';
import { optional, words } from './parameters.ts';
import { resourcesOf } from './resources.ts';
import type { ResponseMode } from './response-mode.ts';
import { isFrontChannelType, responseModeOf } from './response-mode.ts';
import type { NoticeWish, Transaction } from './transaction.ts';

/** An authorization request of a vendor (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1), validated. */
export interface AuthorizationRequest {
  readonly responseType: ResponseType;
  readonly nonce: string | undefined;
  readonly codeChallenge: string | undefined;
  /** Already narrowed to what the release policy can use. */
  readonly scope: string;
  readonly prompt: readonly string[];
  /** Seconds. */
  readonly maxAge: number | undefined;
  readonly claims: ClaimsRequest;
  readonly idTokenHint: string | undefined;
  readonly loginHint: string | undefined;
  readonly resource: readonly string[];
  readonly dpopJkt: string | undefined;
  /** Wishes about the login page, which name nobody and go to the upstream as they are. */
  readonly wishes: Readonly<Record<string, string>>;
}

/** Characters of the vendor's own values that travel through a login, in addresses at its end. */
const MAX_LENGTH = { state: 4096, nonce: 1024, login_hint: 512 } as const;

const WISHES = ['ui_locales', 'acr_values', 'display'] as const;

/** A parameter that may stand more than once (RFC 8707 2). */
export const REPEATABLE: ReadonlySet<string> = new Set(['resource']);

/** Where an answer may go, and in which mode: known before anything else is judged. */
export interface AnswerPlace extends Addressee {
  readonly responseMode: ResponseMode;
}

/** Only a registered redirect URI may get an answer. */
export function readAnswerPlace(
  client: Client,
  parameters: URLSearchParams,
  duplicated: ReadonlySet<string>,
): AnswerPlace {
  const redirectUri = optional(parameters, 'redirect_uri');
  if (redirectUri === undefined) throw new Refusal('parameter_missing', 'redirect_uri');
  if (duplicated.has('redirect_uri')) throw new Refusal('parameter_duplicated', 'redirect_uri');
  if (!isRegisteredRedirectUri(redirectUri, client.metadata)) {
    throw new Refusal('redirect_uri_unregistered');
  }
  const state = optional(parameters, 'state');
  const usable = !duplicated.has('state') && (state ?? '').length <= MAX_LENGTH.state;
  const type = responseTypeOf(optional(parameters, 'response_type') ?? '') ?? 'code';
  const asked = duplicated.has('response_mode') ? undefined : optional(parameters, 'response_mode');
  const responseMode = responseModeOf(asked, type) ?? responseModeOf(undefined, type) ?? 'query';
  return { redirectUri, state: usable ? state : undefined, responseMode };
}

/** The user must be known at the authorization endpoint, and only terminated clients let us redeem. */
export function refuseImpossible(
  client: Client,
  { responseType, notice }: Pick<Transaction, 'responseType' | 'notice'>,
): void {
  if (client.upstream !== undefined) return;
  if (isFrontChannelType(responseType)) {
    throw new Refusal('client_front_channel', 'forwarded clients get a code only');
  }
  if (notice !== undefined) throw new Refusal('notice_impossible', 'the client is forwarded');
}

/** OpenID Connect Core 3.1.2.1: `prompt=consent` shows a notice anew. */
export function noticeWish(
  vendor: Pick<Vendor, 'notice'> | undefined,
  prompt: readonly string[],
): NoticeWish | undefined {
  if (vendor?.notice !== true) return undefined;
  return prompt.includes('consent') ? 'always' : 'unseen';
}

/** Reads and judges everything else of the request; what is wrong goes to the answer place. */
export function readAuthorizationRequest(
  client: Client,
  parameters: URLSearchParams,
): AuthorizationRequest {
  const responseType = readResponseType(client, parameters);
  refuseTooLong(parameters);
  const nonce = optional(parameters, 'nonce');
  if (nonce === undefined && responseType.includes('id_token')) {
    // OpenID Connect Core 3.2.2.1, 3.3.2.11.
    throw new Refusal('parameter_missing', 'nonce');
  }
  return {
    responseType,
    nonce,
    codeChallenge: codeChallengeOf(parameters, client, responseType),
    scope: scopeOf(parameters, client),
    prompt: promptOf(parameters),
    maxAge: maxAgeOf(parameters),
    claims: readClaimsRequest(optional(parameters, 'claims')),
    idTokenHint: optional(parameters, 'id_token_hint'),
    loginHint: optional(parameters, 'login_hint'),
    resource: resourcesOf(parameters, client),
    dpopJkt: thumbprintOf(parameters),
    wishes: Object.fromEntries(
      WISHES.flatMap((name) => {
        const value = optional(parameters, name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}

function readResponseType(client: Client, parameters: URLSearchParams): ResponseType {
  const value = optional(parameters, 'response_type');
  if (value === undefined) throw new Refusal('parameter_missing', 'response_type');
  const type = responseTypeOf(value);
  if (type === undefined) throw new Refusal('response_type_unsupported');
  // `none` yields nothing, so every client may ask for it.
  if (type !== 'none' && !client.metadata.response_types.includes(type)) {
    throw new Refusal('response_type_unregistered');
  }
  if (type.split(' ').includes('token') && client.metadata.dpop_bound_access_tokens === true) {
    throw new Refusal('client_front_channel', 'the client has dpop_bound_access_tokens');
  }
  if (responseModeOf(optional(parameters, 'response_mode'), type) === undefined) {
    throw new Refusal('response_mode_unsupported');
  }
  return type;
}

function refuseTooLong(parameters: URLSearchParams): void {
  for (const [name, most] of Object.entries(MAX_LENGTH)) {
    if ((parameters.get(name) ?? '').length <= most) continue;
    throw new Refusal('request_malformed', `${name} is longer than ${most} characters`);
  }
}

function promptOf(parameters: URLSearchParams): readonly string[] {
  const prompt = words(optional(parameters, 'prompt'));
  if (prompt.includes('none') && prompt.length > 1) {
    throw new Refusal('request_malformed', 'prompt: none stands alone');
  }
  return prompt;
}

function maxAgeOf(parameters: URLSearchParams): number | undefined {
  const value = optional(parameters, 'max_age');
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new Refusal('request_malformed', 'max_age');
  return Number(value);
}

/** RFC 7636; required of public clients that get a code (RFC 9700 2.1.1). */
function codeChallengeOf(
  parameters: URLSearchParams,
  client: Client,
  type: ResponseType,
): string | undefined {
  const challenge = optional(parameters, 'code_challenge');
  const method = optional(parameters, 'code_challenge_method');
  if (challenge === undefined) {
    if (method !== undefined) throw new Refusal('pkce_required', 'method without challenge');
    const isPublic = client.metadata.token_endpoint_auth_method === 'none';
    if (isPublic && type.split(' ').includes('code')) throw new Refusal('pkce_required');
    return undefined;
  }
  if (method !== 'S256' || !/^[\w-]{43}$/.test(challenge)) throw new Refusal('pkce_required');
  return challenge;
}

/** Requested, registered, and of use under the release policy. Unregistered scopes are left out. */
export function scopeOf(parameters: URLSearchParams, client: Client): string {
  const registered = words(client.metadata.scope);
  const requested = words(optional(parameters, 'scope'));
  if (!requested.includes('openid') || !registered.includes('openid')) {
    throw new Refusal('scope_invalid', 'openid is missing');
  }
  const allowed = requested.filter((scope) => registered.includes(scope));
  const phase = client.phases.at(-1);
  const everyone = phase?.phase === 'pairwise' && phase.percent === undefined;
  const narrowed = phase !== undefined && everyone && phase.pilotUsers.length === 0;
  return scopesFor(client.releaseClaims, allowed, narrowed ? 'pairwise' : 'public').join(' ');
}

/** RFC 9449 10: the SHA-256 thumbprint of a key. */
function thumbprintOf(parameters: URLSearchParams): string | undefined {
  const jkt = optional(parameters, 'dpop_jkt');
  if (jkt !== undefined && !/^[\w-]{43}$/.test(jkt)) {
    throw new Refusal('request_malformed', 'dpop_jkt');
  }
  return jkt;
}

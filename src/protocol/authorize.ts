import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { Refusal } from '../errors.ts';
import { scopesFor } from '../tokens/release.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import type { Addressee } from './authorization-answer.ts';
import { authorizationError } from './authorization-answer.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { duplicatedNames, optional, words } from './parameters.ts';
import type { Seals } from './seals.ts';
import type { Transaction } from './transaction.ts';
import { newTransactionId, sealTransaction } from './transaction.ts';
import { upstreamAuthorization } from './upstream-authorization.ts';

/** What the authorization endpoint works with. */
export interface AuthorizeParts {
  readonly issuer: string;
  readonly clients: { find(clientId: string): Client | undefined };
  readonly upstream: { metadata(): UpstreamMetadata };
  readonly seals: Seals;
  readonly binding: BrowserBinding;
  readonly sealRoot: Uint8Array;
  /** The upstream's authorization endpoint as the browser reaches it through the relay. */
  readonly relayedAuthorizationEndpoint: () => string;
  readonly clock: () => Date;
  /** How many logins that the database has to keep an address may begin. */
  readonly longLogins: RateLimiterMemory;
}

/** `max_age` below this is passed on unchanged; from it on the upstream is asked for a minute less. */
const EXACT_MAX_AGE_BELOW = 120;

/** Characters of the vendor's own values that travel through a login, in addresses at its end. */
const MAX_LENGTH = { state: 4096, nonce: 1024 } as const;

/** Wishes about the login page, which name nobody and go to the upstream as they are. */
const PASSED = ['ui_locales', 'acr_values', 'display'] as const;

/** The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1), the late way. */
export function authorizeEndpoint(parts: AuthorizeParts): Endpoint {
  return async (request) => {
    const parameters = request.method === 'POST' ? request.form : request.query;
    const duplicated = duplicatedNames(parameters);
    const client = findClient(parts, parameters, duplicated);
    const to = findAddressee(client, parameters, duplicated);
    try {
      if (duplicated.size > 0) throw new Refusal('parameter_duplicated', [...duplicated].join(' '));
      return await beginLogin(parts, request, parameters, client, to);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      request.log.info(
        { reason: error.reason, detail: error.detail, client: client.clientId },
        'authorization request refused',
      );
      const location = authorizationError(to, parts.issuer, error);
      return { kind: 'redirect', location, headers: NO_STORE };
    }
  };
}

async function beginLogin(
  parts: AuthorizeParts,
  request: ProtocolRequest,
  parameters: URLSearchParams,
  client: Client,
  to: Addressee,
): Promise<ProtocolResponse> {
  refuseUnsupported(parameters);
  refuseTooLong(parameters);
  const prompt = promptOf(parameters);
  const maxAge = maxAgeOf(parameters);
  const metadata = parts.upstream.metadata();
  const browser = parts.binding.bind(request.headers['cookie']);
  const transaction: Transaction = {
    id: newTransactionId(),
    clientId: client.clientId,
    redirectUri: to.redirectUri,
    state: to.state,
    nonce: optional(parameters, 'nonce'),
    codeChallenge: codeChallengeOf(parameters, client),
    scope: scopeOf(parameters, client),
    maxAge,
    browser: browser.hash,
    promptNone: prompt.includes('none'),
    upstreamPkce: metadata.code_challenge_methods_supported.includes('S256'),
  };
  const location = new URL(parts.relayedAuthorizationEndpoint());
  for (const [name, value] of upstreamAuthorization(transaction, client, parts.sealRoot)) {
    location.searchParams.set(name, value);
  }
  if (prompt.length > 0) location.searchParams.set('prompt', prompt.join(' '));
  if (maxAge !== undefined) location.searchParams.set('max_age', String(upstreamMaxAge(maxAge)));
  for (const name of PASSED) {
    const value = optional(parameters, name);
    if (value !== undefined) location.searchParams.set(name, value);
  }
  location.searchParams.set(
    'state',
    await sealTransaction(parts.seals, transaction, parts.clock(), () =>
      countLongLogin(parts.longLogins, request.remoteAddress),
    ),
  );
  const cookie = browser.setCookie === undefined ? {} : { 'set-cookie': browser.setCookie };
  return { kind: 'redirect', location: location.href, headers: { ...NO_STORE, ...cookie } };
}

/** Anybody may begin a login, so nobody may fill the database with them. */
async function countLongLogin(limit: RateLimiterMemory, remoteAddress: string): Promise<void> {
  const { consumedPoints } = await limit.penalty(remoteAddress);
  if (consumedPoints > limit.points) throw new Refusal('logins_throttled');
}

function findClient(
  parts: AuthorizeParts,
  parameters: URLSearchParams,
  duplicated: ReadonlySet<string>,
): Client {
  const clientId = optional(parameters, 'client_id');
  if (clientId === undefined) throw new Refusal('parameter_missing', 'client_id');
  if (duplicated.has('client_id')) throw new Refusal('parameter_duplicated', 'client_id');
  const client = parts.clients.find(clientId);
  if (client === undefined) throw new Refusal('client_unknown');
  return client;
}

/** Only a registered redirect URI may get an answer. */
function findAddressee(
  client: Client,
  parameters: URLSearchParams,
  duplicated: ReadonlySet<string>,
): Addressee {
  const redirectUri = optional(parameters, 'redirect_uri');
  if (redirectUri === undefined) throw new Refusal('parameter_missing', 'redirect_uri');
  if (duplicated.has('redirect_uri')) throw new Refusal('parameter_duplicated', 'redirect_uri');
  if (!isRegisteredRedirectUri(redirectUri, client.metadata)) {
    throw new Refusal('redirect_uri_unregistered');
  }
  const state = optional(parameters, 'state');
  const usable = !duplicated.has('state') && (state ?? '').length <= MAX_LENGTH.state;
  return { redirectUri, state: usable ? state : undefined };
}

function refuseTooLong(parameters: URLSearchParams): void {
  for (const [name, most] of Object.entries(MAX_LENGTH)) {
    if ((parameters.get(name) ?? '').length <= most) continue;
    throw new Refusal('request_malformed', `${name} is longer than ${most} characters`);
  }
}

function refuseUnsupported(parameters: URLSearchParams): void {
  if (parameters.has('request')) throw new Refusal('request_object_unsupported');
  if (parameters.has('request_uri')) throw new Refusal('request_uri_unsupported');
  const responseType = optional(parameters, 'response_type');
  if (responseType === undefined) throw new Refusal('parameter_missing', 'response_type');
  if (responseType !== 'code') throw new Refusal('response_type_unsupported');
  const responseMode = optional(parameters, 'response_mode');
  if (responseMode !== undefined && responseMode !== 'query') {
    throw new Refusal('response_mode_unsupported');
  }
  if (optional(parameters, 'id_token_hint') !== undefined) throw new Refusal('hint_unsupported');
  if (namesSubject(optional(parameters, 'claims'))) throw new Refusal('hint_unsupported');
}

/** Whether a `claims` request (OpenID Connect Core 5.5) names `sub`, anywhere it may stand. */
function namesSubject(claims: string | undefined): boolean {
  if (claims === undefined) return false;
  let request: unknown;
  try {
    request = JSON.parse(claims);
  } catch {
    throw new Refusal('request_malformed', 'claims is not JSON');
  }
  if (!isObject(request)) throw new Refusal('request_malformed', 'claims is not an object');
  return Object.values(request).some((part) => isObject(part) && Object.hasOwn(part, 'sub'));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

/** Makes room for `auth_time` being told up to a minute early, so that the vendor's check still passes. */
function upstreamMaxAge(maxAge: number): number {
  return maxAge < EXACT_MAX_AGE_BELOW ? maxAge : maxAge - 60;
}

/** RFC 7636; required of public clients (RFC 9700 2.1.1). */
function codeChallengeOf(parameters: URLSearchParams, client: Client): string | undefined {
  const challenge = optional(parameters, 'code_challenge');
  const method = optional(parameters, 'code_challenge_method');
  if (challenge === undefined) {
    if (method !== undefined) throw new Refusal('pkce_required', 'method without challenge');
    if (client.metadata.token_endpoint_auth_method === 'none') throw new Refusal('pkce_required');
    return undefined;
  }
  if (method !== 'S256' || !/^[\w-]{43}$/.test(challenge)) throw new Refusal('pkce_required');
  return challenge;
}

/** Requested, registered, and of use under the release policy. Unregistered scopes are left out. */
function scopeOf(parameters: URLSearchParams, client: Client): string {
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

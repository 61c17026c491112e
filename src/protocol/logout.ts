import type { RateLimiterMemory } from 'rate-limiter-flexible';
import type { FrontChannel } from '../config/types.ts';
import { Refusal } from '../errors.ts';
import { claimedAudience } from '../tokens/verify-own.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { BrowserSessionParts } from './logout-grants.ts';
import { grantsOfHint } from './logout-grants.ts';
import { returnToVendor } from './logout-return.ts';
import type { LogoutTransaction } from './logout-transaction.ts';
import { sealLogout } from './logout-transaction.ts';
import type { Endpoint, ProtocolRequest } from './message.ts';
import { NO_STORE } from './message.ts';
import { optional, refuseDuplicates } from './parameters.ts';
import type { Seals } from './seals.ts';

/** What the logout endpoint works with. */
export interface LogoutParts extends BrowserSessionParts {
  readonly issuer: string;
  readonly clients: { find(clientId: string): Client | undefined };
  readonly seals: Seals;
  readonly binding: BrowserBinding;
  readonly frontChannel: FrontChannel;
  /** Where the browser reaches the upstream's logout; undefined: it has none. */
  readonly endSessionEndpoint: (frontChannel: FrontChannel) => string | undefined;
  /** The claims of an ID token that we signed for this client, whatever its age and key. */
  readonly claimsOfHint: (idToken: string, client: Client) => Promise<HintClaims | undefined>;
  readonly clock: () => Date;
  /** How many logouts that the database has to keep an address may begin. */
  readonly longLogouts: RateLimiterMemory;
}

type HintClaims = Readonly<Record<string, unknown>>;

/** What a logout request asks for, checked. */
interface LogoutRequest {
  readonly client: Client | undefined;
  readonly hint: HintClaims | undefined;
  readonly returnTo: string | undefined;
  readonly state: string | undefined;
  readonly uiLocales: string | undefined;
}

/**
 * The logout endpoint (OpenID Connect RP-Initiated Logout 2). A hint proves that the client
 * may end its user's grants, so they end at once; without one they end when the upstream,
 * which asks its user, sends the browser back.
 */
export function logoutEndpoint(parts: LogoutParts): Endpoint {
  return async (request) => {
    const wanted = await readRequest(
      parts,
      request.method === 'POST' ? request.form : request.query,
    );
    const browser = parts.binding.bind(request.headers['cookie']);
    const cookie = browser.setCookie === undefined ? {} : { 'set-cookie': browser.setCookie };
    const grantId = await endHinted(parts, wanted, browser.hash);
    const location = await nextStop(parts, request, wanted, { browser: browser.hash, grantId });
    return { kind: 'redirect', location, headers: { ...NO_STORE, ...cookie } };
  };
}

async function readRequest(parts: LogoutParts, form: URLSearchParams): Promise<LogoutRequest> {
  refuseDuplicates(form);
  const idToken = optional(form, 'id_token_hint');
  const named = optional(form, 'client_id');
  const clientId = named ?? (idToken === undefined ? undefined : claimedAudience(idToken));
  const client = clientId === undefined ? undefined : parts.clients.find(clientId);
  if (clientId !== undefined && client === undefined) throw new Refusal('client_unknown');
  const hint = idToken === undefined ? undefined : await readHint(parts, idToken, client);
  const returnTo = optional(form, 'post_logout_redirect_uri');
  if (returnTo !== undefined) {
    if (client === undefined) throw new Refusal('parameter_missing', 'client_id');
    if (!client.metadata.post_logout_redirect_uris.includes(returnTo)) {
      throw new Refusal('post_logout_redirect_uri_unregistered');
    }
  }
  const [state, uiLocales] = [optional(form, 'state'), optional(form, 'ui_locales')];
  return { client, hint, returnTo, state, uiLocales };
}

async function readHint(
  parts: LogoutParts,
  idToken: string,
  client: Client | undefined,
): Promise<HintClaims> {
  const claims = client === undefined ? undefined : await parts.claimsOfHint(idToken, client);
  if (claims === undefined) throw new Refusal('logout_hint_invalid');
  return claims;
}

/** Ends the grants that a hint tells of; the newest of them may vouch for the user upstream. */
async function endHinted(
  { clock, ...parts }: LogoutParts,
  { client, hint }: LogoutRequest,
  browser: string,
): Promise<string | undefined> {
  if (client === undefined || hint === undefined) return undefined;
  const now = clock();
  const found = await grantsOfHint(parts, client, hint, browser, now);
  await parts.grants.end(
    found.map(({ grantId }) => grantId),
    now,
  );
  return found.at(-1)?.grantId;
}

async function nextStop(
  parts: LogoutParts,
  request: ProtocolRequest,
  { client, returnTo, state, uiLocales }: LogoutRequest,
  bound: Pick<LogoutTransaction, 'browser' | 'grantId'>,
): Promise<string> {
  const frontChannel = client?.frontChannel ?? parts.frontChannel;
  const endpoint = parts.endSessionEndpoint(frontChannel);
  if (endpoint === undefined) {
    if (returnTo === undefined) throw new Refusal('not_found', 'the upstream has no logout page');
    return returnToVendor(returnTo, state);
  }
  const location = new URL(endpoint);
  if (uiLocales !== undefined) location.searchParams.set('ui_locales', uiLocales);
  if (client === undefined) return location.href;
  const logout = { clientId: client.clientId, returnTo, state, frontChannel, ...bound };
  for (const [name, value] of upstreamLogout(parts.issuer, logout, client)) {
    location.searchParams.set(name, value);
  }
  const sealed = await sealLogout(parts.seals, logout, parts.clock(), () =>
    countLongLogout(parts.longLogouts, request.remoteAddress),
  );
  location.searchParams.set('state', sealed);
  return location.href;
}

/** The parameters of the upstream's logout that belong to a logout of ours, but for its `state`. */
export function upstreamLogout(
  issuer: string,
  { returnTo, frontChannel }: Pick<LogoutTransaction, 'returnTo' | 'frontChannel'>,
  client: Client,
): URLSearchParams {
  const parameters = new URLSearchParams({ client_id: upstreamClientId(client) });
  if (returnTo !== undefined) {
    const through = frontChannel === 'callback' ? `${issuer}/oidc/callback` : returnTo;
    parameters.set('post_logout_redirect_uri', through);
  }
  return parameters;
}

async function countLongLogout(limit: RateLimiterMemory, remoteAddress: string): Promise<void> {
  const { consumedPoints } = await limit.penalty(remoteAddress);
  if (consumedPoints > limit.points) throw new Refusal('logins_throttled');
}

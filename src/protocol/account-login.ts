import type { RateLimiterMemory } from 'rate-limiter-flexible';

import { Refusal, orRefuse } from '../errors.ts';
import { checkLocalSubject } from '../subjects/local-subject.ts';
import { upstreamCodeVerifier, upstreamNonce } from '../tokens/derived.ts';
import { codeChallenge } from '../tokens/pkce.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import { redeemCode } from '../upstream/token-request.ts';
import type { UpstreamTokens } from '../upstream/token-request.ts';
import type { AccountSessions } from './account-session.ts';
import type { LoginPolicy } from './authorization-response.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { Endpoint } from './message.ts';
import { NO_STORE } from './message.ts';
import { optional, refuseDuplicates } from './parameters.ts';
import type { Seals } from './seals.ts';
import { newTransactionId } from './transaction.ts';
import { isUnaltered } from './upstream-authorization.ts';
import { upstreamTokens } from './upstream-tokens.ts';
import { verifiedIdToken } from './verified-id-token.ts';

/** What logins at `/account` work with. */
export interface AccountLoginParts {
  readonly issuer: string;
  readonly upstreamIssuer: string;
  /** The proxy's own client at the upstream. */
  readonly own: { readonly clientId: string; readonly clientSecret: string | undefined };
  readonly upstream: UpstreamProvider;
  readonly exchange: Exchange;
  readonly seals: Seals;
  readonly sealRoot: Uint8Array;
  readonly binding: BrowserBinding;
  readonly sessions: AccountSessions;
  /** Where a browser begins a login: through the relay, or at the upstream itself. */
  readonly authorizationEndpoint: () => string;
  /** Logins with a long `state` that one address may begin. */
  readonly longLogins: RateLimiterMemory;
  readonly clock: () => Date;
}

/** A login under way: what its `state` carries. */
interface AccountLogin {
  readonly id: string;
  /** Hash of the cookie that binds the browser. */
  readonly browser: string;
  readonly pkce: boolean;
  /** In seconds since 1970. */
  readonly begun: number;
}

/** Seconds for which a user may take to log in. */
const LOGIN_SECONDS = 600;
/** Seconds by which an authentication may be older than the login that asks for it. */
const MAX_AGE = 60;
/** Seconds by which the upstream's clock may be behind ours. */
const LEEWAY = 60;
/** In characters. */
const MAX_CODE_LENGTH = 8 * 1024;

/**
 * Sends a browser to the upstream to authenticate anew, whatever session it has there.
 *
 * Throws Refusal `upstream_unavailable`, `logins_throttled`, `database_unavailable`.
 */
export function accountLoginEndpoint(parts: AccountLoginParts): Endpoint {
  return async ({ headers, remoteAddress }) => {
    const { hash, setCookie } = parts.binding.bind(headers['cookie']);
    const methods = parts.upstream.metadata().code_challenge_methods_supported;
    const now = parts.clock();
    const login: AccountLogin = {
      ...{ id: newTransactionId(), browser: hash, pkce: methods.includes('S256') },
      begun: Math.floor(now.getTime() / 1000),
    };
    const state = await parts.seals.seal(
      'account_login',
      { i: login.id, b: login.browser, k: login.pkce, t: login.begun },
      { now, expiresAt: new Date(now.getTime() + LOGIN_SECONDS * 1000) },
      async () => {
        const { consumedPoints } = await parts.longLogins.penalty(remoteAddress);
        if (consumedPoints > parts.longLogins.points) throw new Refusal('logins_throttled');
      },
    );
    const location = new URL(parts.authorizationEndpoint());
    const parameters = { prompt: 'login', max_age: String(MAX_AGE), state };
    for (const [name, value] of [...authorization(parts, login), ...Object.entries(parameters)]) {
      location.searchParams.set(name, value);
    }
    const cookie = setCookie === undefined ? {} : { 'set-cookie': setCookie };
    return { kind: 'redirect', location: location.href, headers: { ...NO_STORE, ...cookie } };
  };
}

/** Where the upstream sends the browser back to: the login ends in a session of that browser. */
export function accountCallbackEndpoint(parts: AccountLoginParts): Endpoint {
  return async (request) => {
    const { query, headers } = request;
    refuseDuplicates(query);
    const login = await openLogin(parts, query);
    if (login === undefined) throw new Refusal('response_foreign', 'no login of ours');
    // Else somebody could have a browser logged in as themselves, or take a login over.
    if (!parts.binding.matches(login.browser, headers['cookie'])) {
      throw new Refusal('browser_mismatch');
    }
    if ((optional(query, 'iss') ?? parts.upstreamIssuer) !== parts.upstreamIssuer) {
      throw new Refusal('response_foreign', 'iss is not the upstream');
    }
    const code = optional(query, 'code');
    if (optional(query, 'error') !== undefined || code === undefined) {
      throw new Refusal('upstream_refused', optional(query, 'error')?.slice(0, 100));
    }
    if (code.length > MAX_CODE_LENGTH) {
      throw new Refusal('upstream_malformed', `a code over ${MAX_CODE_LENGTH} characters`);
    }
    const now = parts.clock();
    const localSubject = await authenticatedUser(parts, login, code, now);
    await parts.sessions.end(request, now);
    const cookie = await parts.sessions.begin(localSubject, now);
    const location = `${parts.issuer}/account`;
    return { kind: 'redirect', location, headers: { ...NO_STORE, 'set-cookie': cookie } };
  };
}

/**
 * The relay's policy with these logins in it: a relayed login may be begun with our
 * own `state`, and comes back to our own callback, bare, in the browser that began it.
 */
export function withAccountLogins(logins: LoginPolicy, parts: AccountLoginParts): LoginPolicy {
  return {
    isRedirectTarget: (url) => isCallback(parts, url) || logins.isRedirectTarget(url),

    async admitsAuthorization(parameters, cookieHeader) {
      const login = await openLogin(parts, parameters);
      if (login === undefined) return logins.admitsAuthorization(parameters, cookieHeader);
      return isUnaltered(parameters, authorization(parts, login));
    },

    async answer(response, cookieHeader) {
      if (!isCallback(parts, response)) return logins.answer(response, cookieHeader);
      const login = await openLogin(parts, response.searchParams);
      if (login === undefined) {
        return { kind: 'blocked', reason: 'response_foreign', detail: 'no login of ours' };
      }
      if (!parts.binding.matches(login.browser, cookieHeader)) {
        return { kind: 'blocked', reason: 'browser_mismatch' };
      }
      const location = new URL(redirectUri(parts));
      for (const name of ['code', 'error', 'iss', 'state']) {
        const value = optional(response.searchParams, name);
        if (value !== undefined) location.searchParams.set(name, value);
      }
      return { kind: 'redirect', location: location.href };
    },
  };
}

/** To be registered at the upstream for the proxy's own client. */
function redirectUri({ issuer }: AccountLoginParts): string {
  return `${issuer}/account/callback`;
}

function isCallback(parts: AccountLoginParts, url: URL): boolean {
  const { origin, pathname } = new URL(redirectUri(parts));
  return url.origin === origin && url.pathname === pathname;
}

/** The parameters that decide who gets what; a browser may change none of them on the way. */
function authorization(parts: AccountLoginParts, { id, pkce }: AccountLogin): URLSearchParams {
  const challenge = codeChallenge(upstreamCodeVerifier(parts.sealRoot, id));
  return new URLSearchParams({
    client_id: parts.own.clientId,
    redirect_uri: redirectUri(parts),
    response_type: 'code',
    scope: 'openid',
    nonce: upstreamNonce(parts.sealRoot, id),
    ...(pkce && { code_challenge: challenge, code_challenge_method: 'S256' }),
  });
}

async function openLogin(
  { seals, clock }: AccountLoginParts,
  parameters: URLSearchParams,
): Promise<AccountLogin | undefined> {
  const [state, ...more] = parameters.getAll('state');
  if (state === undefined || more.length > 0) return undefined;
  const opened = await seals.unseal('account_login', state, clock());
  if (!opened.ok) return undefined;
  const { i, b, k, t } = opened.value.contents;
  return { id: String(i), browser: String(b), pkce: k === true, begun: Number(t) };
}

/** The user whom the upstream has just authenticated, by its verified ID token. */
async function authenticatedUser(
  parts: AccountLoginParts,
  login: AccountLogin,
  code: string,
  now: Date,
): Promise<string> {
  const { idToken, accessToken } = await redeem(parts, login, code);
  if (idToken === undefined) throw new Refusal('upstream_token_missing', 'no ID token');
  const verified = orRefuse(
    await verifiedIdToken(parts.upstream, idToken, {
      clientId: parts.own.clientId,
      nonce: upstreamNonce(parts.sealRoot, login.id),
      ...{ accessToken, now },
    }),
  );
  const authTime = verified.claims['auth_time'];
  // OpenID Connect Core 2: it must be there, since `max_age` was asked for.
  if (typeof authTime !== 'number') throw new Refusal('account_login_old', 'no auth_time');
  // Some upstreams answer from a session that they have, whatever `prompt` says.
  if (authTime < login.begun - MAX_AGE - LEEWAY) throw new Refusal('account_login_old', 'earlier');
  return orRefuse(checkLocalSubject(verified.subject));
}

function redeem(
  parts: AccountLoginParts,
  { id, pkce }: AccountLogin,
  code: string,
): Promise<UpstreamTokens> {
  return upstreamTokens(
    { upstream: parts.own, otherReading: undefined, forwarded: false },
    (credentials) =>
      redeemCode({
        exchange: parts.exchange,
        metadata: parts.upstream.metadata(),
        ...{ credentials, code, redirectUri: redirectUri(parts) },
        codeVerifier: pkce ? upstreamCodeVerifier(parts.sealRoot, id) : undefined,
      }),
    'upstream_refused',
  );
}

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { JWK } from 'jose';
import { Provider } from 'oidc-provider';
import type { Context, Grant } from 'oidc-provider';

import { html, page } from '../pages.ts';
import { elsewhereFeatures, offerTokenExchange } from './elsewhere.ts';
import type { LegacyElsewhere, WaitingUser } from './elsewhere.ts';
import { serveLoginPages } from './login-pages.ts';
import type { LegacyStore } from './store.ts';
import type { LegacyTokens } from './tokens.ts';
import { makeTokensTalkative } from './tokens.ts';
import { CLAIMS_BY_SCOPE, claimsOf } from './users.ts';
import type { LegacyUser } from './users.ts';

/** Client metadata as the legacy provider keeps it (OpenID Connect Dynamic Client Registration). */
export interface LegacyClient {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly redirect_uris: readonly string[];
  readonly post_logout_redirect_uris?: readonly string[];
  readonly token_endpoint_auth_method?:
    'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
  readonly jwks?: { readonly keys: readonly object[] };
  readonly grant_types?: readonly string[];
  readonly response_types?: readonly string[];
  readonly backchannel_logout_uri?: string;
  readonly backchannel_logout_session_required?: boolean;
}

export interface LegacyProviderOptions {
  readonly issuer: string;
  readonly clients: readonly LegacyClient[];
  readonly users: readonly LegacyUser[];
  /** Private keys; the first one signs, all are published. */
  readonly keys: readonly [JWK & { kid: string }, ...JWK[]];
  readonly store: LegacyStore;
  /** How its tokens look. Default: access tokens name the user, refresh tokens are opaque. */
  readonly tokens?: LegacyTokens;
  /** Whether each refresh token serves once. Default: yes. */
  readonly rotatesRefreshTokens?: boolean;
  /** Logins on other devices, and token exchange. Default: none. */
  readonly elsewhere?: LegacyElsewhere;
  /** Whether it takes registrations of clients, with the initial access token if there is one. */
  readonly registration?: { readonly initialAccessToken?: string };
  /** Who is asked on a device of their own, at the end of the list. */
  readonly waiting?: WaitingUser[];
  /** Called with what goes wrong inside the provider. */
  readonly onError?: (error: Error) => void;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A legacy OpenID Provider as node:http handler: public subjects equal to the
 * username, personal claims in its ID tokens, access tokens that name the user.
 * It knows itself under one name, whatever Host header it is asked with.
 */
export function createLegacyProvider(
  options: LegacyProviderOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const users = new Map(options.users.map((user) => [user.username, user]));
  const provider = new Provider(options.issuer, configuration(options, users));
  makeTokensTalkative(provider, options.issuer, users, options.keys[0], options.tokens);
  if (options.elsewhere?.tokenExchange === true) offerTokenExchange(provider);
  provider.on('server_error', (_context, error) => options.onError?.(error));
  const serve = provider.callback();
  const { host } = new URL(options.issuer);
  return async (request, response) => {
    request.headers.host = host;
    if (await serveLoginPages(provider, options.issuer, users, request, response)) return;
    await serve(request, response);
  };
}

function configuration(
  options: LegacyProviderOptions,
  users: ReadonlyMap<string, LegacyUser>,
): object {
  return {
    adapter: options.store.adapter,
    clients: options.clients.map((client) => ({
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...client,
    })),
    jwks: { keys: options.keys.map((key) => ({ ...key })) },
    cookies: { keys: [options.store.cookieKey] },
    claims: CLAIMS_BY_SCOPE,
    scopes: ['openid', 'offline_access', 'profile', 'email', 'address', 'phone', 'reports'],
    acrValues: ['urn:legacy:password'],
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      // Older than RFC 8707: `resource` means nothing to it.
      resourceIndicators: { enabled: false },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      registration: {
        enabled: options.registration !== undefined,
        initialAccessToken: options.registration?.initialAccessToken ?? false,
      },
      registrationManagement: { enabled: options.registration !== undefined },
      ...elsewhereFeatures(options.elsewhere ?? {}, users, options.waiting ?? []),
    },
    // The library refuses loopback addresses, where everything in the demo and the tests is.
    fetch: (url: string, options: RequestInit) => {
      const { dispatcher: _, ...plain } = options as RequestInit & { dispatcher?: unknown };
      return globalThis.fetch(url, plain);
    },
    interactions: {
      url: (_context: Context, { uid }: { uid: string }) => `${options.issuer}/interaction/${uid}`,
    },
    pkce: { required: () => false },
    clientBasedCORS: () => true,
    issueRefreshToken: async (_context: Context, client: Context['oidc']['client']) =>
      client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    rotateRefreshToken: () => options.rotatesRefreshTokens ?? true,
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: MINUTE,
      ClientCredentials: 10 * MINUTE,
      IdToken: HOUR,
      RefreshToken: 14 * DAY,
      Interaction: HOUR,
      Session: DAY,
      Grant: 14 * DAY,
      DeviceCode: 10 * MINUTE,
      BackchannelAuthenticationRequest: 10 * MINUTE,
    },
    findAccount: async (_context: Context, sub: string) => {
      const user = users.get(sub);
      return user && { accountId: sub, claims: async () => claimsOf(user) };
    },
    loadExistingGrant: grantEverything,
    renderError: async (context: { type: string; body: string }, out: Record<string, string>) => {
      context.type = 'html';
      context.body = page(
        'Legacy error',
        html`<p>${out['error'] ?? ''}: ${out['error_description'] ?? ''}</p>`,
      );
    },
  };
}

/** Grants what is asked for, so that no consent page stands between a login and its end. */
async function grantEverything({ oidc }: Context): Promise<Grant | undefined> {
  if (oidc.account === undefined) return undefined;
  const { provider, client, account, session } = oidc;
  const known = session.grantIdFor(client.clientId);
  const grant =
    (known && (await provider.Grant.find(known))) ||
    new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope(oidc.params.scope ?? 'openid');
  grant.addOIDCClaims([...oidc.requestParamClaims]);
  await grant.save();
  return grant;
}

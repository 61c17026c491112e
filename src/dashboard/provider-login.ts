import * as oidc from 'openid-client';

import type { DashboardRoleRule } from '../config/types.ts';
import type { DashboardRole } from '../operations/dashboard-sessions.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';

/** What logins through the provider work with. */
export interface ProviderLoginParts {
  /** `ADMIN_URL/callback`. */
  readonly redirectUri: string;
  /** The proxy's own client at the provider. */
  readonly own: { readonly clientId: string; readonly clientSecret: string | undefined };
  readonly upstream: UpstreamProvider;
  readonly exchange: Exchange;
  readonly scope: string;
  readonly roleClaim: string;
  readonly roles: readonly DashboardRoleRule[];
}

/** What a browser must bring back, and what its answer is checked by. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Whoever came back from the provider. */
export interface ArrivedUser {
  readonly name: string;
  readonly roles: readonly DashboardRole[];
}

const MEDIA_TYPES = ['application/json', 'application/jwk-set+json', 'application/jwt'];

/**
 * Where a browser is sent to log in, and what its answer will be checked by.
 *
 * @throws Refusal `upstream_unavailable`
 */
export async function beginProviderLogin(
  parts: ProviderLoginParts,
): Promise<{ readonly location: URL; readonly checks: LoginChecks }> {
  const checks = {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    verifier: oidc.randomPKCECodeVerifier(),
  };
  const location = oidc.buildAuthorizationUrl(configuration(parts), {
    ...{ redirect_uri: parts.redirectUri, scope: parts.scope },
    ...{ state: checks.state, nonce: checks.nonce },
    ...(await challengeOf(parts, checks.verifier)),
  });
  return { location, checks };
}

/** PKCE (RFC 7636) where the provider has it: some refuse a login that asks for what they lack. */
async function challengeOf(
  { upstream }: ProviderLoginParts,
  verifier: string,
): Promise<Readonly<Record<string, string>>> {
  if (!hasPkce(upstream)) return {};
  const challenge = await oidc.calculatePKCECodeChallenge(verifier);
  return { code_challenge: challenge, code_challenge_method: 'S256' };
}

function hasPkce(upstream: UpstreamProvider): boolean {
  return upstream.metadata().code_challenge_methods_supported.includes('S256');
}

/**
 * Who came back, by the answer in the query of the callback.
 *
 * @throws errors of openid-client for an answer that does not hold; Refusal where the
 *   provider does not answer
 */
export async function finishProviderLogin(
  parts: ProviderLoginParts,
  query: string,
  { state, nonce, verifier }: LoginChecks,
): Promise<ArrivedUser> {
  const config = configuration(parts);
  const tokens = await oidc.authorizationCodeGrant(
    config,
    new URL(`${parts.redirectUri}${query}`),
    {
      ...{ expectedState: state, expectedNonce: nonce },
      ...(hasPkce(parts.upstream) && { pkceCodeVerifier: verifier }),
      idTokenExpected: true,
    },
  );
  const claims = tokens.claims();
  if (claims === undefined) throw new Error('the provider sent no ID token');
  const held =
    claims[parts.roleClaim] ??
    (await claimOfUserinfo(parts, config, tokens.access_token, claims.sub));
  return { name: claims.sub, roles: rolesOf(parts.roles, held) };
}

/** The roles that a claim gives: a text, or a list of texts; anything else gives none. */
export function rolesOf(
  rules: readonly DashboardRoleRule[],
  claim: unknown,
): readonly DashboardRole[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const held = rules.filter(({ value }) => values.includes(value)).map(({ role }) => role);
  return [...new Set(held)];
}

async function claimOfUserinfo(
  { roleClaim, upstream }: ProviderLoginParts,
  config: oidc.Configuration,
  accessToken: string,
  subject: string,
): Promise<unknown> {
  if (upstream.metadata().reached.userinfo_endpoint === undefined) return undefined;
  return (await oidc.fetchUserInfo(config, accessToken, subject))[roleClaim];
}

/** The provider as the proxy knows it: where it is really reached, by the bounded exchange. */
function configuration({ own, upstream, exchange }: ProviderLoginParts): oidc.Configuration {
  const { clientId, clientSecret } = own;
  const metadata = upstream.metadata();
  const { advertised, reached } = metadata;
  const methods = metadata.token_endpoint_auth_methods_supported;
  const basic = methods.includes('client_secret_basic') || !methods.includes('client_secret_post');
  const authentication = basic ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
  const config = new oidc.Configuration(
    {
      issuer: metadata.issuer,
      // The browser goes to the provider itself: the dashboard is no vendor.
      authorization_endpoint: advertised.authorization_endpoint,
      token_endpoint: reached.token_endpoint.href,
      jwks_uri: reached.jwks_uri.href,
      ...(reached.userinfo_endpoint && { userinfo_endpoint: reached.userinfo_endpoint.href }),
      id_token_signing_alg_values_supported: [...metadata.id_token_signing_alg_values_supported],
      authorization_response_iss_parameter_supported:
        metadata.authorization_response_iss_parameter_supported,
    },
    clientId,
    undefined,
    clientSecret === undefined ? oidc.None() : authentication(clientSecret),
  );
  config[oidc.customFetch] = bounded(exchange);
  // An inner network may do without TLS, as everywhere towards the upstream; it is meant, and
  // marked as deprecated by openid-client only so that it stands out.
  // oxlint-disable-next-line typescript/no-deprecated
  oidc.allowInsecureRequests(config);
  // And where TLS does not vouch for the ID token, its signature must.
  oidc.enableNonRepudiationChecks(config);
  return config;
}

function bounded(exchange: Exchange): oidc.CustomFetch {
  return async (url, { method, headers, body }) => {
    const { accept: _, ...sent } = Object.fromEntries(new Headers(headers));
    const answer = await exchange({
      method: method === 'POST' ? 'POST' : 'GET',
      ...{ url: new URL(url), headers: sent, accept: MEDIA_TYPES },
      ...(body instanceof URLSearchParams && { body }),
    });
    const type = answer.mediaType;
    return new Response(new Uint8Array(answer.body), {
      status: answer.status,
      ...(type !== undefined && { headers: { 'content-type': type } }),
    });
  };
}

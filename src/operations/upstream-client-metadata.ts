import type { ClientMetadataSent } from '../upstream/client-registration.ts';
import { upstreamGrants } from '../upstream/grant-types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { ClientRegistration, ClientSettings } from '../vendors/registration.ts';
import { explained } from '../vendors/self-registration.ts';
import { upstreamGrantFindings } from '../vendors/upstream-grants.ts';

const CIBA = 'urn:openid:params:grant-type:ciba';

/** How the proxy authenticates as a client that it registered: with a secret of its own. */
export function upstreamMethod(
  metadata: UpstreamMetadata,
): 'client_secret_basic' | 'client_secret_post' {
  const methods = metadata.token_endpoint_auth_methods_supported;
  const postOnly =
    methods.includes('client_secret_post') && !methods.includes('client_secret_basic');
  return postOnly ? 'client_secret_post' : 'client_secret_basic';
}

/**
 * What the upstream is told of a client: the code flow to the vendor's addresses and to our
 * callback, logouts to us, credentials that stay here. Never `subject_type`, which it does not
 * know, and nothing of what only we do (keys, encryption, response types, pushed requests).
 */
export function upstreamClientMetadata(
  { metadata: client }: Pick<ClientSettings, 'metadata'>,
  issuer: string,
  upstream: UpstreamMetadata,
): ClientMetadataSent {
  const callback = `${issuer}/oidc/callback`;
  const grants = upstream.grant_types_supported;
  const scopes = upstream.scopes_supported;
  const grantTypes = client.grant_types.filter((type) => grants.includes(type));
  return {
    ...(client.client_name !== undefined && { client_name: client.client_name }),
    application_type: client.application_type,
    redirect_uris: [...new Set([...client.redirect_uris, callback])],
    post_logout_redirect_uris: [...new Set([...client.post_logout_redirect_uris, callback])],
    response_types: ['code'],
    grant_types: [...new Set(['authorization_code', ...grantTypes])],
    token_endpoint_auth_method: upstreamMethod(upstream),
    scope: client.scope
      .split(' ')
      .filter((scope) => scopes === undefined || scopes.includes(scope))
      .join(' '),
    ...(!upstream.id_token_signing_alg_values_supported.includes('RS256') && {
      id_token_signed_response_alg: upstream.id_token_signing_alg_values_supported[0],
    }),
    ...(grantTypes.includes(CIBA) && { backchannel_token_delivery_mode: 'poll' }),
    ...(upstream.backchannel_logout_supported && {
      backchannel_logout_uri: `${issuer}/oidc/backchannel-logout`,
      backchannel_logout_session_required: true,
    }),
  };
}

/**
 * Refuses what would fail at each use because the upstream does not have it.
 *
 * @throws ExplainedRefusal
 */
export function mustBeOffered(metadata: UpstreamMetadata, wanted: ClientRegistration): void {
  const { problems } = upstreamGrantFindings([wanted], upstreamGrants(metadata));
  if (problems.length > 0) throw explained(problems);
}

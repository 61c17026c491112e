import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { clientSubject } from '../tokens/at-jwt.ts';
import { requestClientToken } from '../upstream/token-request.ts';
import type { Client } from '../vendors/client.ts';
import { makeAccessToken, packClientGrant } from './access-token.ts';
import { privateJson } from './message.ts';
import { optional, words } from './parameters.ts';
import { resourcesOf } from './resources.ts';
import type { GrantHandler } from './token.ts';
import type { IssueParts } from './token-issue.ts';
import { grantedScope, lifetimeOf } from './token-issue.ts';
import { acceptedByUpstream } from './upstream-tokens.ts';

/** Scopes that ask for a user, or for her absence. */
const USER_SCOPES: ReadonlySet<string> = new Set(['openid', 'offline_access']);

/** What the upstream's refusals mean; there is no grant that could be invalid. */
const MEANINGS: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['invalid_scope', 'client_scope_invalid'],
]);

/**
 * The `client_credentials` grant (RFC 6749 4.4): a token for the vendor's own
 * software. There is no user in it, so nothing is mapped: its subject is the
 * client id that the vendor knows, and whatever else the upstream adds to its
 * answer (an ID token, a refresh token) stays here.
 */
export function clientCredentialsGrant(
  parts: IssueParts,
  registry: { readonly change: number },
): GrantHandler {
  return async (authenticated, request, jkt) => {
    const { client } = authenticated;
    if (client.metadata.token_endpoint_auth_method === 'none') {
      throw new Refusal('grant_type_unauthorized', 'a public client');
    }
    const now = parts.clock();
    const { change } = registry;
    const scope = wantedScope(optional(request.form, 'scope'), client);
    const resource = resourcesOf(request.form, client);
    if (resource.length > 1) throw new Refusal('resource_invalid', 'one resource a token');
    const tokens = await acceptedByUpstream(
      authenticated,
      (credentials) =>
        requestClientToken({
          exchange: parts.exchange,
          metadata: parts.upstream.metadata(),
          credentials,
          scope,
          resource: client.metadata.access_token_format === 'jwt' ? undefined : resource[0],
        }),
      MEANINGS,
    );
    const granted = grantedScope(tokens.scope, scope ?? registeredScopes(client).join(' '));
    const { accessToken, lifetime } = await makeAccessToken(parts, {
      ...{ client, resource, now, jkt },
      subject: clientSubject(client),
      scope: granted,
      claims: () => ({}),
      upstreamToken: tokens.accessToken,
      contents: packClientGrant({
        clientId: client.clientId,
        scope: granted,
        resource,
        change,
        jkt,
      }),
      lifetime: lifetimeOf(tokens),
    });
    return privateJson({
      access_token: accessToken,
      token_type: jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: lifetime,
      ...(granted === '' ? {} : { scope: granted }),
    });
  };
}

function registeredScopes(client: Client): readonly string[] {
  return words(client.metadata.scope).filter((scope) => !USER_SCOPES.has(scope));
}

/** What the client registered, but for what needs a user. */
function wantedScope(requested: string | undefined, client: Client): string | undefined {
  if (requested === undefined) return undefined;
  const wanted = words(requested);
  const allowed = registeredScopes(client);
  if (wanted.some((scope) => !allowed.includes(scope))) throw new Refusal('client_scope_invalid');
  return wanted.join(' ');
}

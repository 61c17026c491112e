import { Refusal } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import { AT_CLIENT_ENDPOINT, provenKey } from './dpop.ts';
import type { DpopParts } from './dpop.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { refuseDuplicates, required } from './parameters.ts';
import type { AuthenticatedClient, ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';

/** RFC 8707 2.2, RFC 8693 2.1. */
const REPEATABLE: ReadonlySet<string> = new Set(['resource', 'audience']);

/**
 * One grant type: an authenticated client's form becomes a token response.
 * `jkt` is the thumbprint of the key that the client proved to hold (RFC 9449 5).
 */
export type GrantHandler = (
  authenticated: AuthenticatedClient,
  request: ProtocolRequest,
  jkt: string | undefined,
) => Promise<ProtocolResponse>;

/** The token endpoint (RFC 6749 3.2): who asks, and by which grant. */
export function tokenEndpoint(
  parts: ClientAuthenticationParts & { readonly dpop: DpopParts },
  grants: ReadonlyMap<string, GrantHandler>,
): Endpoint {
  return async (request) => {
    refuseDuplicates(request.form, REPEATABLE);
    const authenticated = await authenticateClient(parts, request, 'token');
    const grantType = required(request.form, 'grant_type');
    const handler = grants.get(grantType);
    if (handler === undefined) throw new Refusal('grant_type_unsupported');
    if (!authenticated.client.metadata.grant_types.includes(grantType)) {
      throw new Refusal('grant_type_unauthorized');
    }
    return handler(authenticated, request, await keyOf(parts.dpop, request, authenticated.client));
  };
}

/** The key that the tokens are to be bound to (RFC 9449 5, 5.2). */
async function keyOf(
  parts: DpopParts,
  request: ProtocolRequest,
  client: Client,
): Promise<string | undefined> {
  const place = { path: '/oidc/token', accessToken: undefined, reasons: AT_CLIENT_ENDPOINT };
  const jkt = await provenKey(parts, request, client, place);
  if (jkt === undefined && client.metadata.dpop_bound_access_tokens === true) {
    throw new Refusal('dpop_proof_missing', 'the client has dpop_bound_access_tokens');
  }
  return jkt;
}

import { Refusal } from '../errors.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { refuseDuplicates, required } from './parameters.ts';
import type { AuthenticatedClient, ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';

/** RFC 8707 2.2, RFC 8693 2.1. */
const REPEATABLE: ReadonlySet<string> = new Set(['resource', 'audience']);

/** One grant type: an authenticated client's form becomes a token response. */
export type GrantHandler = (
  authenticated: AuthenticatedClient,
  request: ProtocolRequest,
) => Promise<ProtocolResponse>;

/** The token endpoint (RFC 6749 3.2): who asks, and by which grant. */
export function tokenEndpoint(
  parts: ClientAuthenticationParts,
  grants: ReadonlyMap<string, GrantHandler>,
): Endpoint {
  return async (request) => {
    refuseDuplicates(request.form, REPEATABLE);
    const authenticated = await authenticateClient(parts, request);
    const grantType = required(request.form, 'grant_type');
    const handler = grants.get(grantType);
    if (handler === undefined) throw new Refusal('grant_type_unsupported');
    if (!authenticated.client.metadata.grant_types.includes(grantType)) {
      throw new Refusal('grant_type_unauthorized');
    }
    return handler(authenticated, request);
  };
}

import { Refusal } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import type { AccessTokenParts } from './access-token.ts';
import type { AuthenticatedClient, ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';
import type { Endpoint } from './message.ts';
import { privateJson } from './message.ts';
import { refuseDuplicates, required } from './parameters.ts';
import type { OpenedToken } from './opened-token.ts';
import { openAnyToken } from './opened-token.ts';
import type { IssueParts } from './token-issue.ts';
import { forwardedCaller, introspectedUpstream } from './upstream-status.ts';
import { revokedUpstream, terminatedCaller } from './upstream-status.ts';

/** What revocation works with. */
export type RevocationParts = Pick<IssueParts, 'upstream' | 'exchange' | 'clock'> &
  AccessTokenParts & {
    readonly authentication: ClientAuthenticationParts;
    readonly grants: {
      /** Whether the last look at the database succeeded. */
      readonly reachable: boolean;
      /** Ends a grant in every replica; in this one before it resolves. */
      revoke(grantId: string, at: Date): Promise<void>;
    };
  };

/**
 * The revocation endpoint (RFC 7009). A token ends with its whole grant, here
 * first, so that a failure of the upstream leaves nothing usable behind; the
 * vendor then hears 503, and asking again completes it. What is not the caller's
 * gets the same answer and nothing happens to it.
 */
export function revocationEndpoint(parts: RevocationParts): Endpoint {
  return async (request) => {
    refuseDuplicates(request.form);
    const caller = await authenticateClient(parts.authentication, request, 'revoke');
    if (!parts.grants.reachable) throw new Refusal('database_unavailable', 'known outage');
    const token = await openAnyToken(parts, required(request.form, 'token'));
    const own = token?.clientId === caller.client.clientId ? token : undefined;
    if (token !== undefined && own === undefined) {
      const event = { event: 'security', kind: 'token_of_another_client' };
      const { clientId: client } = caller.client;
      request.log.warn({ ...event, client, endpoint: 'revoke' }, 'not revoked');
    }
    // The upstream is the judge of a forwarded credential, so it comes first.
    if (caller.forwarded) await revokeForwarded(parts, caller, own);
    if (own?.user !== undefined) await parts.grants.revoke(own.user.id, parts.clock());
    if (own !== undefined && !caller.forwarded) await revokeTerminated(parts, caller, own);
    return privateJson({});
  };
}

async function revokeForwarded(
  parts: RevocationParts,
  caller: AuthenticatedClient,
  own: OpenedToken | undefined,
): Promise<void> {
  const asking = forwardedCaller(caller);
  if (await revokedUpstream(parts, asking, own)) return;
  if (isPublic(caller.client)) return;
  if ((await introspectedUpstream(parts, asking, undefined)) === undefined) {
    const detail = 'the upstream has no endpoint that could judge a forwarded credential';
    throw new Refusal('client_authentication_method', detail);
  }
}

/** Not for a shared upstream client: the upstream may end with the token what other vendors have. */
async function revokeTerminated(
  parts: RevocationParts,
  caller: AuthenticatedClient,
  own: OpenedToken,
): Promise<void> {
  if (caller.client.upstream?.shared === true) return;
  const done = await revokedUpstream(parts, terminatedCaller(caller.upstream), own);
  // Without a user there is no grant here that could be ended.
  if (!done && own.user === undefined) throw new Refusal('token_unrevocable');
}

function isPublic({ metadata }: Client): boolean {
  return metadata.token_endpoint_auth_method === 'none';
}

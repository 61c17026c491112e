import { Refusal } from '../errors.ts';
import { postAuthenticated } from './authenticated-post.ts';
import { tokenRefusal } from './error-answer.ts';
import type { UpstreamTokenRequest } from './introspection-request.ts';

/** Whether the upstream did it, or refused whoever asked. */
export type UpstreamRevocation = 'done' | 'client_refused';

/**
 * Revokes a token at the upstream (RFC 7009 2.1). A kind of token that the
 * upstream cannot revoke counts as done: it was never outside the proxy.
 *
 * @throws Refusal of the exchange; `upstream_metadata` without the endpoint;
 *   `upstream_unavailable` for what may pass (RFC 7009 2.2.1), else `upstream_status`
 */
export async function revokeUpstream(request: UpstreamTokenRequest): Promise<UpstreamRevocation> {
  const url = request.metadata.reached.revocation_endpoint;
  if (url === undefined) throw new Refusal('upstream_metadata', 'no revocation_endpoint');
  const response = await postAuthenticated(request, url, {
    token: request.token,
    token_type_hint: request.hint,
  });
  if (response.status >= 200 && response.status <= 299) return 'done';
  if (response.status >= 500) {
    throw new Refusal('upstream_unavailable', `revocation: status ${response.status}`);
  }
  const refused = tokenRefusal(response);
  if (refused?.upstreamError === 'unsupported_token_type') return 'done';
  if (refused?.error === 'invalid_client' || refused?.error === 'unauthorized_client') {
    return 'client_refused';
  }
  throw new Refusal('upstream_status', `revocation: status ${response.status}`);
}

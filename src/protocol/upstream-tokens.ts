import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { UpstreamCredentials } from '../upstream/client-authentication.ts';
import type { TokenResult, UpstreamTokens } from '../upstream/token-request.ts';
import type { AuthenticatedClient } from './client-authentication.ts';

/**
 * The upstream's tokens, or what its refusal means for the vendor. Where a
 * forwarded secret can be read in two ways, a refused first reading has spent
 * nothing, so the second one is tried.
 *
 * @throws Refusal `onInvalidGrant`, `client_authentication_failed`, `upstream_client`,
 *   `upstream_unavailable`, `upstream_status`, and those of `ask`
 */
export async function upstreamTokens(
  authenticated: AuthenticatedClient,
  ask: (credentials: UpstreamCredentials) => Promise<TokenResult>,
  onInvalidGrant: Reason,
): Promise<UpstreamTokens> {
  const { upstream, otherReading } = authenticated;
  let result = await ask(upstream);
  if (otherReading !== undefined && refusesClient(result)) result = await ask(otherReading);
  if (result.kind === 'tokens') return result;
  const detail = `${result.upstreamError}: ${result.upstreamDescription ?? ''}`;
  if (refusesClient(result)) {
    throw authenticated.forwarded
      ? await authenticated.failed()
      : new Refusal('upstream_client', detail);
  }
  switch (result.error) {
    case 'invalid_grant':
      throw new Refusal(onInvalidGrant, detail);
    case 'temporarily_unavailable':
      throw new Refusal('upstream_unavailable', detail);
    default:
      throw new Refusal('upstream_status', detail);
  }
}

function refusesClient(result: TokenResult): boolean {
  if (result.kind === 'tokens') return false;
  return result.error === 'invalid_client' || result.error === 'unauthorized_client';
}

import { upstreamAuthentication } from './client-authentication.ts';
import type { UpstreamCredentials } from './client-authentication.ts';
import type { Exchange, UpstreamResponse } from './exchange.ts';
import type { UpstreamMetadata } from './metadata.ts';

/** What a request that authenticates a client goes out with. */
export interface AuthenticatedPost {
  readonly exchange: Exchange;
  readonly metadata: UpstreamMetadata;
  readonly credentials: UpstreamCredentials;
}

/**
 * Posts a form to one of the upstream's endpoints, authenticated as at its token
 * endpoint, which is the default at the others (RFC 8414 2).
 *
 * @throws Refusal of the exchange, and of {@link upstreamAuthentication}
 */
export async function postAuthenticated(
  { exchange, metadata, credentials }: AuthenticatedPost,
  url: URL,
  form: Readonly<Record<string, string>>,
): Promise<UpstreamResponse> {
  const { headers, parameters } = await upstreamAuthentication(metadata, credentials);
  const body = new URLSearchParams({ ...form, ...parameters });
  return exchange({ method: 'POST', url, headers, body, accept: ['application/json'] });
}

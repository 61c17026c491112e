import { upstreamAuthentication } from './client-authentication.ts';
import type { ClientAuthentication, UpstreamCredentials } from './client-authentication.ts';
import { tokenRefusal } from './error-answer.ts';
import type { Exchange, UpstreamResponse } from './exchange.ts';
import type { UpstreamMetadata } from './metadata.ts';
import { undecodedCredentials } from './undecoded-credentials.ts';

/** What a request that authenticates a client goes out with. */
export interface AuthenticatedPost {
  readonly exchange: Exchange;
  readonly metadata: UpstreamMetadata;
  readonly credentials: UpstreamCredentials;
}

/**
 * Posts a form to one of the upstream's endpoints, authenticated as at its token
 * endpoint, which is the default at the others (RFC 8414 2). An upstream that knows
 * no such client is asked once more with credentials as they stand.
 *
 * @throws Refusal of the exchange, of {@link upstreamAuthentication}, and of
 *   {@link tokenRefusal} for a refusal that cannot be read
 */
export async function postAuthenticated(
  { exchange, metadata, credentials }: AuthenticatedPost,
  url: URL,
  form: Readonly<Record<string, string>>,
): Promise<UpstreamResponse> {
  const authentication = await upstreamAuthentication(metadata, credentials);
  const ask = ({ headers, parameters }: ClientAuthentication): Promise<UpstreamResponse> => {
    const body = new URLSearchParams({ ...form, ...parameters });
    return exchange({ method: 'POST', url, headers, body, accept: ['application/json'] });
  };
  const response = await ask(authentication);
  const undecoded = undecodedCredentials(authentication);
  if (undecoded === undefined || ![400, 401, 403].includes(response.status)) return response;
  // Nothing was done for a client that was not known.
  return tokenRefusal(response)?.error === 'invalid_client' ? ask(undecoded) : response;
}

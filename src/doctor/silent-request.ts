import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { forwardedHeaders } from '../upstream/reach.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import { Cookies, get, leadsTo } from './fetching.ts';

const TIMEOUT = 10_000;
const MAX_REDIRECTS = 5;

/** What came of a request: an authorization response, or an answer that is none. */
type SilentAnswer =
  | { readonly response: URL }
  /** The status of a page; undefined where the way led elsewhere, or nowhere. */
  | { readonly status: number | undefined };

/** What is asked about of a client. */
type Asked = Pick<Client, 'clientId' | 'upstream'> & {
  readonly metadata: Pick<Client['metadata'], 'redirect_uris'>;
};

/**
 * Asks the upstream for an authorization as a browser that nobody is logged in
 * with (`prompt=none`), towards the first redirect URI of a client. Redirects
 * within the upstream are followed. Rejects where no answer came in time.
 */
export async function askSilently(
  config: Config,
  metadata: UpstreamMetadata,
  client: Asked,
  parameters: Readonly<Record<'response_type' | 'nonce' | 'state', string>> &
    Readonly<Record<string, string>>,
): Promise<SilentAnswer> {
  const redirectUri = client.metadata.redirect_uris[0] ?? '';
  let url = new URL(metadata.reached.authorization_endpoint);
  const query = {
    client_id: upstreamClientId(client),
    ...{ redirect_uri: redirectUri, scope: 'openid', prompt: 'none' },
    ...parameters,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const cookies = new Cookies();
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const headers = { ...forwardedHeaders(config.upstream), ...cookies.header };
    const answer = await get(url, { headers, timeout: TIMEOUT });
    cookies.take(answer);
    const { location } = answer;
    if (location === undefined) return { status: answer.status };
    if (location === null) break;
    if (leadsTo(location, redirectUri)) return { response: location };
    if (location.origin !== url.origin) break;
    url = location;
  }
  return { status: undefined };
}

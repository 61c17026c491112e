import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { forwardedHeaders } from '../upstream/reach.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import { Cookies, get, leadsTo, responseParameter } from './fetching.ts';
import { problem, type Finding } from './finding.ts';

const TIMEOUT = 10_000;
const MAX_REDIRECTS = 5;
/** In characters. The last is the length of a reference, the shortest `state` there is. */
const LENGTHS = [4000, 2000, 1800, 1024, 512, 255, 128, 64, 43];

/**
 * Asks the upstream without a login (`prompt=none`) whether a `state` as long as
 * UPSTREAM_STATE_LIMIT comes back to the letter; undefined where it does, or
 * where this upstream does not answer such a request at all.
 */
export async function stateLimitFinding(
  config: Config,
  metadata: UpstreamMetadata,
  client: Client,
): Promise<Finding | undefined> {
  const { stateLimit } = config.upstream;
  const carries = (length: number): Promise<boolean> =>
    carriesState(config, metadata, client, 'x'.repeat(length)).catch(() => false);
  if (await carries(stateLimit)) return undefined;
  const shorter = LENGTHS.filter((length) => length < stateLimit);
  for (const length of shorter) {
    if (!(await carries(length))) continue;
    const message = `The upstream does not carry a state of ${stateLimit} characters, but one of ${length}.`;
    return problem('state_limit', message, `Set UPSTREAM_STATE_LIMIT=${length}.`);
  }
  return undefined;
}

async function carriesState(
  config: Config,
  metadata: UpstreamMetadata,
  client: Client,
  state: string,
): Promise<boolean> {
  const redirectUri = client.metadata.redirect_uris[0] ?? '';
  let url = new URL(metadata.reached.authorization_endpoint);
  const parameters = {
    client_id: upstreamClientId(client),
    ...{ redirect_uri: redirectUri, response_type: 'code', scope: 'openid' },
    ...{ prompt: 'none', nonce: 'nonce-of-doctor', state },
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const cookies = new Cookies();
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const headers = { ...forwardedHeaders(config.upstream), ...cookies.header };
    const answer = await get(url, { headers, timeout: TIMEOUT });
    cookies.take(answer);
    const { location } = answer;
    if (location === undefined || location === null) return false;
    if (leadsTo(location, redirectUri)) return responseParameter(location, 'state') === state;
    if (location.origin !== url.origin) return false;
    url = location;
  }
  return false;
}

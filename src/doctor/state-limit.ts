import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { responseParameter } from './fetching.ts';
import { problem, type Finding } from './finding.ts';
import { askSilently } from './silent-request.ts';

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
  const answer = await askSilently(config, metadata, client, {
    response_type: 'code',
    nonce: 'nonce-of-doctor',
    state,
  });
  return 'response' in answer && responseParameter(answer.response, 'state') === state;
}

import { createHash, randomBytes } from 'node:crypto';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { Cookies, leadsTo, responseParameter, type Answer } from './fetching.ts';
import type { HeldBack } from './held-back.ts';
import type { ScratchProxy } from './scratch-proxy.ts';

/** How a walk from an authorization request ended. */
export type WalkEnd =
  | { readonly kind: 'page'; readonly page: Answer }
  | { readonly kind: 'answered'; readonly error: string | null }
  | { readonly kind: 'left'; readonly to: URL }
  | { readonly kind: 'refused'; readonly status: number; readonly heldBack: readonly HeldBack[] }
  | { readonly kind: 'lost'; readonly steps: number };

/** A walk: every answer on the way, and its end. */
export interface Walk {
  readonly answers: readonly Answer[];
  readonly end: WalkEnd;
  readonly cookies: Cookies;
}

const MAX_STEPS = 20;

/** Walks, as a new browser would, from the vendor's authorization request to the first page. */
export async function walkToLogin(
  proxy: ScratchProxy,
  issuer: string,
  client: Client,
  redirectUri: string,
  metadata: UpstreamMetadata,
): Promise<Walk> {
  const cookies = new Cookies();
  const answers: Answer[] = [];
  const origin = new URL(issuer).origin;
  let url = authorizationRequest(issuer, client, redirectUri, metadata);
  proxy.heldBack();
  const ended = (end: WalkEnd): Walk => ({ answers, end, cookies });
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const answer = await proxy.open(url, cookies);
    answers.push(answer);
    const { location, status } = answer;
    if (location === undefined && status < 400) return ended({ kind: 'page', page: answer });
    if (location === undefined || location === null) {
      return ended({ kind: 'refused', status, heldBack: proxy.heldBack() });
    }
    if (leadsTo(location, redirectUri)) {
      return ended({ kind: 'answered', error: responseParameter(location, 'error') });
    }
    if (location.origin !== origin) return ended({ kind: 'left', to: location });
    url = location;
  }
  return ended({ kind: 'lost', steps: MAX_STEPS });
}

/** As the vendor would ask, less the scopes that the upstream does not list. */
function authorizationRequest(
  issuer: string,
  client: Client,
  redirectUri: string,
  { scopes_supported: listed }: UpstreamMetadata,
): URL {
  const url = new URL(`${issuer}/oidc/authorize`);
  const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
  const scopes = client.metadata.scope
    .split(' ')
    .filter((scope) => scope === 'openid' || listed === undefined || listed.includes(scope));
  const parameters = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

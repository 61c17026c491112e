import { randomBytes } from 'node:crypto';
import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import { failureText, responseParameter } from './fetching.ts';
import { ok, problem, warning, type Finding } from './finding.ts';
import { askSilently } from './silent-request.ts';

/** What the upstream did with a direct request. */
type Outcome = 'answers' | 'refuses' | 'unclear';

const MAX_RESPONSE_TYPES = 4;

/** With `prompt=none` these mean that all is well but for the missing login (OpenID Connect Core 3.1.2.6). */
export const ONLY_A_LOGIN_LACKS = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/**
 * Asks the upstream, as a vendor's page could, to send an ID token or an access
 * token straight to the vendor's redirect URI (implicit and hybrid flow). Where
 * it would, the vendor needs no credential to read the original subject.
 */
export async function directAnswerFinding(
  config: Config,
  metadata: UpstreamMetadata,
  client: Client,
): Promise<Finding> {
  const { clientId } = client;
  const listed = metadata.response_types_supported.filter((type) => /\b(?:id_)?token\b/.test(type));
  // Some upstreams do more than they list.
  const types = [...new Set(['id_token', ...listed])].slice(0, MAX_RESPONSE_TYPES);
  const outcomes: { readonly type: string; readonly outcome: Outcome }[] = [];
  try {
    for (const type of types) {
      outcomes.push({ type, outcome: await probe(config, metadata, client, type) });
    }
  } catch (error) {
    const message = `Whether the upstream answers it directly is not known: ${failureText(error)}.`;
    return warning('direct_answer', message, 'Run doctor again.', clientId);
  }
  const answered = outcomes.filter(({ outcome }) => outcome === 'answers').map(({ type }) => type);
  const unclear = outcomes.filter(({ outcome }) => outcome === 'unclear').map(({ type }) => type);
  if (answered.length > 0) {
    const message = `The upstream would answer its redirect URI directly (${answered.join(', ')}), with the original subject in the browser's address.`;
    const hint = `At the upstream, leave the client "${upstreamClientId(client)}" the response type code alone.`;
    const pairwise = client.phases.at(-1)?.phase === 'pairwise' && !client.acceptBypass;
    return (pairwise ? problem : warning)('direct_answer', message, hint, clientId);
  }
  if (unclear.length > 0) {
    const message = `Whether the upstream would answer its redirect URI directly (${unclear.join(', ')}) could not be told.`;
    const hint = `At the upstream, see that the client "${upstreamClientId(client)}" has the response type code alone.`;
    return warning('direct_answer', message, hint, clientId);
  }
  const message = `The upstream refuses to answer its redirect URI directly (${types.join(', ')}).`;
  return ok('direct_answer', message, clientId);
}

async function probe(
  config: Config,
  metadata: UpstreamMetadata,
  client: Client,
  responseType: string,
): Promise<Outcome> {
  const answer = await askSilently(config, metadata, client, {
    response_type: responseType,
    nonce: randomBytes(16).toString('base64url'),
    state: randomBytes(16).toString('base64url'),
  });
  if ('response' in answer) return judged(answer.response);
  return answer.status !== undefined && answer.status >= 400 ? 'refuses' : 'unclear';
}

function judged(response: URL): Outcome {
  const error = responseParameter(response, 'error');
  return error === null || ONLY_A_LOGIN_LACKS.has(error) ? 'answers' : 'refuses';
}

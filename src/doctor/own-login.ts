import { randomBytes } from 'node:crypto';

import type { Config } from '../config/types.ts';
import { codeChallenge } from '../tokens/pkce.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { ONLY_A_LOGIN_LACKS } from './direct-answer.ts';
import { failureText } from './fetching.ts';
import { ok, warning, type Finding } from './finding.ts';
import { askSilently } from './silent-request.ts';

/** A login of the proxy's own, which the upstream has to send back. */
export interface OwnLogin {
  /** Of the check. */
  readonly name: string;
  readonly clientId: string;
  /** The page that people log in to. */
  readonly address: string;
  readonly redirectUri: string;
  readonly scope: string;
}

/**
 * Whether a login through the proxy's own client can end where it should: the upstream sends
 * browsers back only to addresses that it knows, so it is asked whether it would.
 */
export async function ownLoginFinding(
  config: Config,
  metadata: UpstreamMetadata,
  { name, clientId, address, redirectUri, scope }: OwnLogin,
): Promise<Finding> {
  const hint = `Register ${redirectUri} for the client "${clientId}" at the upstream, with the code flow.`;
  const client = { clientId, upstream: undefined, metadata: { redirect_uris: [redirectUri] } };
  const random = () => randomBytes(32).toString('base64url');
  const hasPkce = metadata.code_challenge_methods_supported.includes('S256');
  const parameters = {
    ...{ response_type: 'code', nonce: random(), state: random(), scope },
    ...(hasPkce && { code_challenge: codeChallenge(random()), code_challenge_method: 'S256' }),
  };
  try {
    const answer = await askSilently(config, metadata, client, parameters);
    if ('response' in answer) {
      const error = answer.response.searchParams.get('error');
      if (error === null || ONLY_A_LOGIN_LACKS.has(error)) {
        return ok(name, `The upstream knows ${redirectUri} for the client "${clientId}".`);
      }
      const message = `The upstream answers the login of ${address} with the error ${error.slice(0, 40)}.`;
      return warning(name, message, error === 'invalid_scope' ? scopeHint(clientId, scope) : hint);
    }
    if (answer.status !== undefined && answer.status >= 400) {
      const message = `The upstream does not send browsers back to ${redirectUri} (status ${answer.status}).`;
      return warning(name, message, hint);
    }
    return warning(name, `Whether the upstream knows ${redirectUri} could not be told.`, hint);
  } catch (error) {
    const message = `Whether the upstream knows ${redirectUri} is not known: ${failureText(error)}.`;
    return warning(name, message, 'Run doctor again.');
  }
}

function scopeHint(clientId: string, scope: string): string {
  return `At the upstream, let the client "${clientId}" ask for "${scope}".`;
}

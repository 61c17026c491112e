import { randomBytes } from 'node:crypto';

import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { ONLY_A_LOGIN_LACKS } from './direct-answer.ts';
import { failureText } from './fetching.ts';
import { ok, warning, type Finding } from './finding.ts';
import { askSilently } from './silent-request.ts';

/**
 * Whether users can look after themselves at `ISSUER/account`: the upstream sends
 * browsers back only to addresses that it knows, so it is asked whether it would.
 */
export async function accountFinding(config: Config, metadata: UpstreamMetadata): Promise<Finding> {
  const { clientId } = config.upstream;
  const address = `${config.issuer}/account`;
  if (clientId === undefined) {
    return ok('account', `There is nothing at ${address}: UPSTREAM_CLIENT_ID is not set.`);
  }
  const redirectUri = `${address}/callback`;
  const hint = `Register ${redirectUri} for the client "${clientId}" at the upstream, with the code flow.`;
  const client = { clientId, upstream: undefined, metadata: { redirect_uris: [redirectUri] } };
  const random = () => randomBytes(16).toString('base64url');
  const parameters = { response_type: 'code', nonce: random(), state: random() };
  try {
    const answer = await askSilently(config, metadata, client, parameters);
    if ('response' in answer) {
      const error = answer.response.searchParams.get('error');
      if (error === null || ONLY_A_LOGIN_LACKS.has(error)) {
        return ok('account', `The upstream knows ${redirectUri} for the client "${clientId}".`);
      }
      const message = `The upstream answers the login of ${address} with the error ${error.slice(0, 40)}.`;
      return warning('account', message, hint);
    }
    if (answer.status !== undefined && answer.status >= 400) {
      const message = `The upstream does not send browsers back to ${redirectUri} (status ${answer.status}).`;
      return warning('account', message, hint);
    }
    return warning('account', `Whether the upstream knows ${redirectUri} could not be told.`, hint);
  } catch (error) {
    const message = `Whether the upstream knows ${redirectUri} is not known: ${failureText(error)}.`;
    return warning('account', message, 'Run doctor again.');
  }
}

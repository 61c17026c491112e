import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { ok, type Finding } from './finding.ts';
import { ownLoginFinding } from './own-login.ts';

/** Whether users can look after themselves at `ISSUER/account`. */
export async function accountFinding(config: Config, metadata: UpstreamMetadata): Promise<Finding> {
  const { clientId } = config.upstream;
  const address = `${config.issuer}/account`;
  if (clientId === undefined) {
    return ok('account', `There is nothing at ${address}: UPSTREAM_CLIENT_ID is not set.`);
  }
  const redirectUri = `${address}/callback`;
  const login = { name: 'account', clientId, address, redirectUri, scope: 'openid' };
  return ownLoginFinding(config, metadata, login);
}

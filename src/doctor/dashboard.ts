import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { ok, type Finding } from './finding.ts';
import { ownLoginFinding } from './own-login.ts';

/** Whether people can log in at the dashboard, as far as it can be told without one of them. */
export async function dashboardFinding(
  config: Config,
  metadata: UpstreamMetadata,
): Promise<Finding> {
  const { adminUrl, adminToken, dashboard, upstream } = config;
  const { clientId } = upstream;
  if (clientId !== undefined && dashboard.roles.length > 0) {
    const redirectUri = `${adminUrl}/callback`;
    const { scope } = dashboard;
    const login = { name: 'dashboard', clientId, address: adminUrl, redirectUri, scope };
    return ownLoginFinding(config, metadata, login);
  }
  const who = adminToken === undefined ? 'Nobody logs in' : 'People log in with ADMIN_TOKEN alone';
  return ok('dashboard', `${who} at ${adminUrl}: DASHBOARD_ROLES is not set.`);
}

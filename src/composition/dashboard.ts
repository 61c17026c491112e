import packageJson from '../../package.json' with { type: 'json' };
import type { Config } from '../config/types.ts';
import { DashboardCookies } from '../dashboard/cookies.ts';
import { dashboardPages } from '../dashboard/pages.ts';
import { dashboard } from '../dashboard/router.ts';
import { BrowserSessions } from '../dashboard/sessions.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { ComposedAdminApi } from './admin-api.ts';

/** What the dashboard is wired from. */
interface DashboardOptions {
  readonly config: Config;
  readonly upstream: UpstreamProvider;
  readonly exchange: Exchange;
  readonly admin: Pick<ComposedAdminApi, 'authentication' | 'context'>;
  readonly readiness: () => Readonly<Record<string, boolean>>;
}

/** What the relay must keep from the provider. */
export function dashboardCookieNames({ adminUrl }: Pick<Config, 'adminUrl'>): readonly string[] {
  return new DashboardCookies(adminUrl).names;
}

/** Wires the dashboard. */
export function composeDashboard(options: DashboardOptions): ReturnType<typeof dashboard> {
  const { config, upstream, exchange, admin, readiness } = options;
  const { adminUrl, adminToken, issuer } = config;
  const { context, authentication } = admin;
  const cookies = new DashboardCookies(adminUrl);
  const { clientId, clientSecret } = config.upstream;
  const hasLogins = clientId !== undefined && config.dashboard.roles.length > 0;
  return dashboard({
    ...{ adminUrl, context, cookies, authentication },
    hasAdminToken: adminToken !== undefined,
    sessions: new BrowserSessions(context, cookies, adminToken),
    provider: hasLogins
      ? {
          ...{ redirectUri: `${adminUrl}/callback`, own: { clientId, clientSecret } },
          ...{ upstream, exchange, ...config.dashboard },
        }
      : undefined,
    pages: dashboardPages({
      health: () => ({
        ...{ checks: readiness(), issuer, upstreamIssuer: config.upstream.issuer },
        ...{ version: packageJson.version, now: context.clock() },
      }),
    }),
  });
}

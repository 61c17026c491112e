import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { loadConfig } from '../../../src/config/load.ts';
import { dashboardFinding } from '../../../src/doctor/dashboard.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import { examineUpstream } from '../../../src/doctor/upstream.ts';
import { OWN_CLIENT } from '../../support/account.ts';
import { startUpstream, type Upstream } from '../../support/upstream/start.ts';

let upstream: Upstream;
beforeAll(async () => {
  const redirect_uris = ['https://ops.example/callback'];
  const own = { ...OWN_CLIENT, redirect_uris, scope: 'openid email' };
  upstream = await startUpstream({ clients: [own] });
});
afterAll(() => upstream.close());

const LOGINS = {
  UPSTREAM_CLIENT_ID: OWN_CLIENT.client_id,
  UPSTREAM_CLIENT_SECRET: 'x',
  DASHBOARD_ROLES: 'operator=admins',
};

async function found(environment: Readonly<Record<string, string>>): Promise<Finding> {
  const config = loadConfig({
    ISSUER: 'https://login.example',
    UPSTREAM_ISSUER: upstream.issuer,
    DATABASE_URL: 'mysql://nobody@127.0.0.1:1/none',
    MASTER_KEY: randomBytes(32).toString('base64url'),
    PAIRWISE_SALT: randomBytes(32).toString('base64url'),
    ...environment,
  });
  const { metadata } = await examineUpstream(config, () => new Date());
  if (metadata === undefined) throw new Error('the upstream is not known');
  return dashboardFinding(config, metadata);
}

it('is content where the upstream sends people back to ADMIN_URL/callback', async () => {
  expect(await found({ ...LOGINS, ADMIN_URL: 'https://ops.example' })).toMatchObject({
    ...{ name: 'dashboard', level: 'ok' },
    message: 'The upstream knows https://ops.example/callback for the client "pairwise-proxy".',
  });
});

it('says what to register where the upstream does not', async () => {
  expect(await found({ ...LOGINS, ADMIN_URL: 'https://other.example/pairwise' })).toMatchObject({
    level: 'warning',
    hint: expect.stringContaining('Register https://other.example/pairwise/callback'),
  });
});

it('says which scope the upstream does not give', async () => {
  const DASHBOARD_SCOPE = 'openid profile';
  const finding = await found({ ...LOGINS, ADMIN_URL: 'https://ops.example', DASHBOARD_SCOPE });
  expect(finding).toMatchObject({
    level: 'warning',
    hint: 'At the upstream, let the client "pairwise-proxy" ask for "openid profile".',
  });
});

it.each([
  ['with ADMIN_TOKEN', { ADMIN_TOKEN: 'x'.repeat(40) }, 'People log in with ADMIN_TOKEN alone'],
  ['not at all', {}, 'Nobody logs in'],
])('says that people log in %s where there are no roles', async (_how, environment, message) => {
  expect(await found(environment)).toMatchObject({
    level: 'ok',
    message: expect.stringContaining(message),
  });
});

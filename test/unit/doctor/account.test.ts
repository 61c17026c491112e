import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { accountFinding } from '../../../src/doctor/account.ts';
import { examineUpstream } from '../../../src/doctor/upstream.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import { OWN_CLIENT } from '../../support/account.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';

let upstream: Upstream;
beforeAll(async () => {
  const redirect_uris = ['https://login.example/account/callback'];
  upstream = await startUpstream({ clients: [{ ...OWN_CLIENT, redirect_uris }] });
});
afterAll(() => upstream.close());

async function found(issuer: string, clientId?: string): Promise<Finding> {
  const config = loadConfig({
    ISSUER: issuer,
    UPSTREAM_ISSUER: upstream.issuer,
    DATABASE_URL: 'mysql://nobody@127.0.0.1:1/none',
    MASTER_KEY: randomBytes(32).toString('base64url'),
    PAIRWISE_SALT: randomBytes(32).toString('base64url'),
    ...(clientId !== undefined && { UPSTREAM_CLIENT_ID: clientId, UPSTREAM_CLIENT_SECRET: 'x' }),
  });
  const { metadata } = await examineUpstream(config, () => new Date());
  if (metadata === undefined) throw new Error('the upstream is not known');
  return accountFinding(config, metadata);
}

it('is content where the upstream sends browsers back to /account/callback', async () => {
  expect(await found('https://login.example', OWN_CLIENT.client_id)).toMatchObject({
    level: 'ok',
    message: expect.stringContaining('https://login.example/account/callback'),
  });
});

it('says what to register where the upstream does not', async () => {
  expect(await found('https://other.example', OWN_CLIENT.client_id)).toMatchObject({
    level: 'warning',
    hint: expect.stringContaining(
      'Register https://other.example/account/callback for the client "pairwise-proxy"',
    ),
  });
});

it('says that there is no self-service without a client of our own', async () => {
  expect(await found('https://login.example')).toMatchObject({
    level: 'ok',
    message: expect.stringContaining('UPSTREAM_CLIENT_ID is not set'),
  });
});

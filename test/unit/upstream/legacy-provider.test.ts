import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { verifyIdToken } from '../../../src/tokens/verify.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';
import { UpstreamProvider } from '../../../src/upstream/provider.ts';
import { redeemCode, refreshTokens } from '../../../src/upstream/token-request.ts';
import { requestUserinfo } from '../../../src/upstream/userinfo-request.ts';
import { Browser } from '../../support/browser.ts';
import { compressed } from '../../support/upstream/faults.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';

const redirectUri = 'http://vendor.localhost:9/callback';
const CREDENTIALS = { clientId: 'web app', clientSecret: 'web-secret: of thirty-two bytes %20' };
const pool = createExchange();
let upstream: Upstream;
let provider: UpstreamProvider;

beforeAll(async () => {
  upstream = await startUpstream({
    clients: [
      {
        client_id: CREDENTIALS.clientId,
        client_secret: CREDENTIALS.clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
  });
  provider = new UpstreamProvider({
    issuer: upstream.issuer,
    url: upstream.url,
    exchange: pool.exchange,
    clock: () => new Date(),
    log: { info: () => undefined, warn: () => undefined },
  });
  await provider.recheck();
});

afterAll(async () => {
  await provider.close();
  await pool.close();
  await upstream.close();
});

/** Logs alice in at the upstream itself. */
async function login() {
  const codeVerifier = randomBytes(32).toString('base64url');
  const nonce = randomBytes(16).toString('base64url');
  const url = new URL(provider.metadata().advertised.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: CREDENTIALS.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid email offline_access',
    prompt: 'consent',
    nonce,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const browser = new Browser();
  const callback = await browser.login(url, { username: 'alice' });
  await browser.close();
  return { code: callback.searchParams.get('code') ?? '', codeVerifier, nonce };
}

test('a login, its refresh and its claims go through at a real legacy provider', async () => {
  const { code, codeVerifier, nonce } = await login();
  const common = {
    exchange: pool.exchange,
    metadata: provider.metadata(),
    credentials: CREDENTIALS,
  };
  upstream.faults.arm('token', compressed(), 1);
  const tokens = await redeemCode({ ...common, code, redirectUri, codeVerifier });
  if (tokens.kind !== 'tokens') throw new Error(tokens.error);
  expect(tokens).toMatchObject({ tokenType: 'Bearer', expiresIn: expect.any(Number) });

  const verified = await verifyIdToken(tokens.idToken ?? '', {
    keys: provider.keys(),
    issuer: upstream.issuer,
    clientId: CREDENTIALS.clientId,
    nonce,
    accessToken: tokens.accessToken,
    algorithms: provider.metadata().id_token_signing_alg_values_supported,
    now: new Date(),
  });
  expect(verified).toMatchObject({ ok: true, value: { subject: 'alice' } });

  const claims = await requestUserinfo({ ...common, accessToken: tokens.accessToken });
  expect(claims).toMatchObject({ kind: 'claims', subject: 'alice' });

  expect(tokens.refreshToken).toBeDefined();
  const refreshed = await refreshTokens({ ...common, refreshToken: tokens.refreshToken ?? '' });
  expect(refreshed).toMatchObject({ kind: 'tokens', accessToken: expect.any(String) });

  const again = await redeemCode({ ...common, code, redirectUri, codeVerifier });
  expect(again).toMatchObject({ kind: 'refused', error: 'invalid_grant' });
  expect(upstream.errors).toEqual([]);
});

test('a wrong secret and a dead token are refusals, not failures', async () => {
  const common = { exchange: pool.exchange, metadata: provider.metadata() };
  const wrong = { ...CREDENTIALS, clientSecret: 'wrong' };
  expect(await refreshTokens({ ...common, credentials: wrong, refreshToken: 'x' })).toMatchObject({
    kind: 'refused',
    error: 'invalid_client',
  });
  expect(await requestUserinfo({ ...common, accessToken: 'dead' })).toEqual({ kind: 'refused' });
});

import { randomBytes, createHash } from 'node:crypto';

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { answerTo, postForm } from '../support/steps.ts';
import { startUpstream } from '../support/upstream/start.ts';
import type { Upstream } from '../support/upstream/start.ts';
import type { TestProxy } from '../support/proxy.ts';
import { startProxy } from '../support/proxy.ts';

/*
 * The redirect URIs that real clients have beside the plain one: a query of
 * their own, a scheme of their own (RFC 8252 7.1), a loopback port that is not
 * known before (RFC 8252 7.3).
 */

const WEB = 'https://web.example/callback?tenant=1&x=a%20b';
const APP = 'com.example.app:/callback';
const LOOPBACK = 'http://127.0.0.1/callback';

let upstream: Upstream;
let proxy: TestProxy;
beforeAll(async () => {
  const native = { token_endpoint_auth_method: 'none', application_type: 'native' } as const;
  upstream = await startUpstream({
    clients: [
      { client_id: 'web', redirect_uris: [WEB], token_endpoint_auth_method: 'none' },
      { client_id: 'app', redirect_uris: [APP], ...native },
      { client_id: 'loopback', redirect_uris: [LOOPBACK], ...native },
    ],
  });
  const entry = { token_endpoint_auth_method: 'none', accept_bypass: true };
  proxy = await startProxy({
    upstreamIssuer: upstream.issuer,
    vendors: [
      {
        id: 'acme',
        clients: [
          { client_id: 'web', redirect_uris: [WEB], ...entry },
          { client_id: 'app', redirect_uris: [APP], application_type: 'native', ...entry },
          {
            client_id: 'loopback',
            redirect_uris: [LOOPBACK],
            application_type: 'native',
            ...entry,
          },
        ],
      },
    ],
  });
});
afterAll(async () => {
  await proxy.close();
  await upstream.close();
});

describe.each([
  ['a query of its own', 'web', WEB],
  ['a scheme of its own', 'app', APP],
  ['a loopback address on the port that was free', 'loopback', 'http://127.0.0.1:51004/callback'],
])('a redirect URI with %s', (_name, clientId, redirectUri) => {
  it('gets the answer, and the code is redeemed', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const url = new URL(`${proxy.issuer}/oidc/authorize`);
    url.search = request(clientId, redirectUri, verifier).toString();
    const callback = await new Browser().login(url, { username: 'alice' });
    expect(callback.href.startsWith(redirectUri)).toBe(true);
    const answer = await postForm(`${proxy.issuer}/oidc/token`, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    expect(decodeJwt(String(answer.body['id_token'])).sub).toMatch(/^[a-z2-7]{52}$/);
  });

  it('gets errors too', async () => {
    const parameters = Object.fromEntries(request(clientId, redirectUri, 'x'));
    const { answer } = await answerTo(new Browser(), proxy.issuer, {
      ...parameters,
      prompt: 'none',
    });
    expect(answer?.href.startsWith(redirectUri)).toBe(true);
    expect(answer?.searchParams.get('error')).toBe('login_required');
  });
});

it.each([
  ['another path', 'loopback', 'http://127.0.0.1:51004/other'],
  ['another loopback name', 'loopback', 'http://localhost:51004/callback'],
  ['user information', 'loopback', 'http://evil@127.0.0.1:51004/callback'],
  ['a fragment', 'loopback', 'http://127.0.0.1:51004/callback#x'],
  ['a query', 'loopback', 'http://127.0.0.1:51004/callback?x=1'],
  ['an encoded path', 'loopback', 'http://127.0.0.1:51004/%63allback'],
  ['a port where none may vary', 'web', WEB.replace('web.example', 'web.example:444')],
])('%s is not the registered one', async (_name, clientId, redirectUri) => {
  const url = new URL(`${proxy.issuer}/oidc/authorize`);
  url.search = request(clientId, redirectUri, 'x').toString();
  const page = await new Browser().open(url);
  expect([page.status, page.location]).toEqual([400, undefined]);
});

function request(clientId: string, redirectUri: string, verifier: string): URLSearchParams {
  return new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
}

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { JsonAnswer } from '../support/steps.ts';
import { answerTo, askUserinfo, postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret } from '../support/world.ts';

/*
 * Clients that can keep no secret: PKCE is required of them (RFC 9700 2.1.1), and
 * their refresh tokens are used once; a second use is theft, and ends the grant
 * (RFC 9700 4.14.2), also in replicas that saw neither use.
 */

let world: World;
let replica: TestProxy;
beforeAll(async () => {
  world = await createWorld([
    { id: 'spa', authentication: 'public', client: { release_claims: ['name'] } },
    {
      id: 'bare',
      authentication: 'public',
      client: { upstream: undefined, accept_bypass: true },
      upstreamClient: {
        client_id: 'bare-web',
        client_secret: undefined,
        token_endpoint_auth_method: 'none',
      } as object,
    },
    { id: 'other', authentication: 'public' },
  ]);
  replica = await world.proxy.replica();
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

describe.each([
  ['with an upstream credential of the proxy', 'spa'],
  ['known to the upstream as public too', 'bare'],
])('a public client %s', (_name, id) => {
  it('logs in, asks userinfo and refreshes without a secret', async () => {
    const vendor = world.vendor(id);
    const tokens = await vendor.logIn(new Browser(), 'alice');
    const party = await vendor.party();
    expect((await party.userinfo(tokens))['sub']).toBe(tokens.claims['sub']);
    const refreshed = await party.refresh(tokens);
    expect(refreshed.claims['sub']).toBe(tokens.claims['sub']);
    expect(refreshed.refreshToken).not.toBe(tokens.refreshToken);
  });

  it('authenticates upstream as the upstream knows it', async () => {
    const before = world.upstream.requests.length;
    await world.vendor(id).logIn(new Browser(), 'alice');
    const seen = world.upstream.requests.slice(before).find(({ url }) => url.pathname === '/token');
    if (id === 'bare') expect(seen?.headers.authorization).toBeUndefined();
    else expect(atob(seen?.headers.authorization?.slice(6) ?? '')).toContain(upstreamSecret(id));
  });
});

it.each([
  ['no code_challenge', {}],
  ['the plain method', { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }],
  ['no method, which means plain', { code_challenge: 'x'.repeat(43) }],
  ['a challenge that is none', { code_challenge: 'short', code_challenge_method: 'S256' }],
])('a request with %s is refused', async (_name, pkce) => {
  const { redirectUri, clientId } = world.vendor('spa');
  const { answer } = await answerTo(new Browser(), world.proxy.issuer, {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 's',
    ...pkce,
  });
  expect(Object.fromEntries(answer?.searchParams ?? [])).toMatchObject({
    error: 'invalid_request',
    state: 's',
    iss: world.proxy.issuer,
  });
});

it('a verifier of another challenge redeems nothing, and the right one still does', async () => {
  const { party, url, pending } = await begun('spa');
  const callback = await new Browser().login(url, { username: 'alice' });
  const stolen = { ...pending, codeVerifier: 'v'.repeat(43) };
  await expect(party.finish(callback, stolen)).rejects.toMatchObject({ error: 'invalid_grant' });
  expect((await party.finish(callback, pending)).claims['sub']).toBeTypeOf('string');
});

it('a secret does not make it more trusted', async () => {
  const answer = await refresh('spa', 'x', { client_secret: 'guessed' });
  expect([answer.status, answer.body['error']]).toEqual([401, 'invalid_client']);
});

it('a refresh token used twice ends the grant, within 5 s in another replica too', async () => {
  const { refreshToken = '', accessToken } = await world.vendor('spa').logIn(new Browser(), 'bob');
  const first = await refresh('spa', refreshToken);
  expect(first.status).toBe(200);
  const fromReplica = async (): Promise<unknown> => {
    const answer = await askUserinfo(replica.issuer, String(first.body['access_token']));
    return answer.body['error'] ?? 'answered';
  };
  expect(await fromReplica()).toBe('answered');

  const second = await refresh('spa', refreshToken);
  expect([second.status, second.body['error']]).toEqual([400, 'invalid_grant']);
  await vi.waitFor(async () => expect(await fromReplica()).toBe('invalid_token'), 5000);
  await vi.waitFor(async () => {
    const answer = await askUserinfo(world.proxy.issuer, accessToken);
    expect(answer.body['error']).toBe('invalid_token');
  }, 5000);
  const child = await refresh('spa', String(first.body['refresh_token']));
  expect(child.body['error']).toBe('invalid_grant');
});

it('a refresh token of one public client is worth nothing to another', async () => {
  const { refreshToken = '' } = await world.vendor('spa').logIn(new Browser(), 'alice');
  const stolen = await refresh('other', refreshToken);
  expect([stolen.status, stolen.body['error']]).toEqual([400, 'invalid_grant']);
  expect((await refresh('spa', refreshToken)).status).toBe(200);
});

it('a refresh for less scope takes nothing from the refresh token', async () => {
  const { refreshToken = '' } = await world.vendor('spa').logIn(new Browser(), 'alice');
  const less = await refresh('spa', refreshToken, { scope: 'openid' });
  expect(less.body['scope']).toBe('openid');
  const again = await refresh('spa', String(less.body['refresh_token']));
  // RFC 6749 6: the new refresh token has the scope of the old one.
  expect(again.body['scope']).toBe('openid profile');
});

async function begun(id: string) {
  const party = await world.vendor(id).party();
  return { party, ...(await party.begin()) };
}

function refresh(id: string, refreshToken: string, more: object = {}): Promise<JsonAnswer> {
  return postForm(`${world.proxy.issuer}/oidc/token`, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: `${id}-web`,
    ...more,
  });
}

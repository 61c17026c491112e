import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { answerTo } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * What is not there is refused by its standard code, at the vendor's redirect
 * URI with its state and our iss (RFC 6749 4.1.2.1, RFC 9207), before the
 * upstream has heard anything of it. Where no redirect URI can be trusted, a
 * page says so.
 */

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('a request is refused', () => {
  it.each([
    ['response_type=token', { response_type: 'token' }, 'unsupported_response_type'],
    ['a response mode of nobody', { response_mode: 'web_message' }, 'invalid_request'],
    ['no response type', { response_type: '' }, 'invalid_request'],
    ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
    ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
    ['a request_uri', { request_uri: 'https://acme.example/r' }, 'request_uri_not_supported'],
    ['a scope without openid', { scope: 'profile' }, 'invalid_scope'],
    ['no scope', { scope: '' }, 'invalid_scope'],
  ])('with %s', async (_name, changed, error) => {
    const before = world.upstream.requests.length;
    const { answer } = await answerTo(new Browser(), world.proxy.issuer, {
      ...usual(),
      ...changed,
    });
    const members = Object.fromEntries(answer?.searchParams ?? []);
    expect(members).toMatchObject({ error, state: 'the state&=', iss: world.proxy.issuer });
    expect(Object.keys(members).toSorted()).toEqual(['error', 'error_description', 'iss', 'state']);
    expect(world.upstream.requests).toHaveLength(before);
  });

  it('with any parameter sent twice', async () => {
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    url.search = `${new URLSearchParams(usual()).toString()}&nonce=1&nonce=2`;
    const { callback } = await new Browser().walk(url);
    expect(callback?.searchParams.get('error')).toBe('invalid_request');
    expect(callback?.searchParams.get('state')).toBe('the state&=');
  });
});

describe('a page, and no redirect, answers', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: '' }],
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/cb' }],
    ['a redirect URI with a query added', { redirect_uri: '{registered}?x=1' }],
    ['no redirect URI', { redirect_uri: '' }],
  ])('%s', async (_name, changed) => {
    const parameters = { ...usual(), ...changed };
    const { redirectUri } = world.vendor('acme');
    const redirect_uri = parameters.redirect_uri.replace('{registered}', redirectUri);
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    url.search = new URLSearchParams({ ...parameters, redirect_uri }).toString();
    const page = await new Browser().open(url);
    expect(page.status).toBe(400);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('location')).toBeNull();
    expect(page.body).toContain('invalid_request');
    expect(page.body).not.toContain('evil.example');
  });
});

it('login_hint and claims go nowhere', async () => {
  const vendor = world.vendor('acme');
  const party = await vendor.party();
  const { url, pending } = await party.begin({
    login_hint: 'alice@legacy.example',
    claims: '{"userinfo":{"email":{"essential":true}},"id_token":{"name":null}}',
    registration: '{}',
    something_else: 'unheard-of',
    response_mode: 'query',
  });
  const before = world.upstream.requests.length;
  const callback = await new Browser().login(url, { username: 'alice' });
  const tokens = await party.finish(callback, pending);
  expect(tokens.claims).not.toHaveProperty('name');
  expect(await party.userinfo(tokens)).not.toHaveProperty('email');
  const [asked] = world.upstream.requests.slice(before);
  for (const name of ['login_hint', 'claims', 'registration', 'something_else']) {
    expect(asked?.url.searchParams.has(name), name).toBe(false);
  }
});

it.each(['users', 'anything'])(
  '/oidc/%s is not there, and the upstream is not asked either',
  async (name) => {
    const before = world.upstream.requests.length;
    const answer = await fetch(`${world.proxy.issuer}/oidc/${name}`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(world.upstream.requests).toHaveLength(before);
  },
);

it.each([
  ['password', { username: 'alice', password: 'alice-password' }],
  ['urn:ietf:params:oauth:grant-type:saml2-bearer', {}],
])('the grant type %s is not there', async (grantType, more) => {
  const body = new URLSearchParams({
    grant_type: grantType,
    client_id: 'acme-web',
    client_secret: 'acme-secret-at-the-proxy-0123456789',
    ...more,
  });
  const answer = await fetch(`${world.proxy.issuer}/oidc/token`, { method: 'POST', body });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: 'unsupported_grant_type' });
});

function usual() {
  const { clientId, redirectUri } = world.vendor('acme');
  return {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'the state&=',
  };
}

import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { openRelyingParty } from '../../../demo/vendor/relying-party.ts';
import { Browser } from '../../support/browser.ts';
import {
  authorizationErrorNamingTheUser,
  badlyCompressed,
  brokenJson,
  compressed,
  compressionBomb,
  delayed,
  dropped,
  errorNamingTheUser,
  htmlPage,
  mediaType,
  oversized,
  redirect,
  status,
  trickled,
  truncated,
  withMembers,
} from '../../support/upstream/faults.ts';
import type { Endpoint, Fault } from '../../support/upstream/faults.ts';
import {
  bitFlipped,
  forgedIdToken,
  hs256WithPublicKey,
  signedByAnotherKey,
  signedByUnknownKey,
  unsigned,
  withClaims,
  withoutIdToken,
} from '../../support/upstream/forged-id-token.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';

const redirectUri = 'http://vendor.localhost:9/callback';
const clientSecret = 'web-secret-of-thirty-two-bytes-00';
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream({
    clients: [
      {
        client_id: 'web',
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
  });
});
afterEach(() => upstream.faults.clear());
afterAll(async () => {
  await upstream.close();
  expect(upstream.errors).toEqual([]);
});

async function logIn() {
  const browser = new Browser();
  const party = await openRelyingParty({
    issuer: upstream.issuer,
    clientId: 'web',
    clientSecret,
    redirectUri,
  });
  const { url, pending } = await party.begin();
  const callback = await browser.login(url, { username: 'alice' });
  return party.finish(callback, pending);
}

async function ask(endpoint: Endpoint, fault: Fault): Promise<Response> {
  upstream.faults.arm(endpoint, fault, 1);
  return fetch(
    `${upstream.url}/${endpoint === 'jwks' ? 'jwks' : '.well-known/openid-configuration'}`,
  );
}

describe('an endpoint can', () => {
  test('answer 500, a redirect, another type, a page', async () => {
    expect((await ask('jwks', status(500))).status).toBe(500);
    upstream.faults.arm('jwks', redirect('http://elsewhere.invalid/'), 1);
    const moved = await fetch(`${upstream.url}/jwks`, { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([
      302,
      'http://elsewhere.invalid/',
    ]);
    expect((await ask('jwks', mediaType('text/plain'))).headers.get('content-type')).toBe(
      'text/plain',
    );
    expect(await (await ask('discovery', htmlPage())).text()).toContain('Welcome back');
  });

  test('be cut off, broken, badly compressed, dropped', async () => {
    await expect((await ask('jwks', truncated())).text()).rejects.toThrow();
    await expect((await ask('jwks', brokenJson())).json()).rejects.toThrow();
    await expect(ask('jwks', badlyCompressed()).then((r) => r.text())).rejects.toThrow();
    await expect(ask('jwks', dropped())).rejects.toThrow();
  });

  test('be too large, unpack to too much, or be rightly compressed', async () => {
    expect((await (await ask('jwks', oversized(5000))).text()).length).toBeGreaterThan(5000);
    const bomb = await ask('jwks', compressionBomb(1_000_000));
    expect((await bomb.text()).length).toBeGreaterThan(1_000_000);
    expect(await (await ask('jwks', compressed())).json()).toHaveProperty('keys');
  });

  test('be late or trickle', async () => {
    const start = performance.now();
    expect((await ask('jwks', delayed(50))).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(45);
    upstream.faults.arm('jwks', trickled(1), 1);
    const answer = await fetch(`${upstream.url}/jwks`);
    expect(await answer.json()).toHaveProperty('keys');
  });

  test('change members and take them out', async () => {
    const answer = await ask(
      'discovery',
      withMembers({ issuer: 'http://x.example', jwks_uri: undefined }),
    );
    const document = (await answer.json()) as Record<string, unknown>;
    expect(document['issuer']).toBe('http://x.example');
    expect(document).not.toHaveProperty('jwks_uri');
  });
});

describe('a strict vendor refuses an ID token', () => {
  const key = () => upstream.signingKey();
  const forgeries: Record<string, () => Fault> = {
    'signed by another key': () => forgedIdToken(signedByAnotherKey()),
    'signed by an unknown key': () => forgedIdToken(signedByUnknownKey()),
    'with alg none': () => forgedIdToken(unsigned()),
    'HS256 by the PEM': () => forgedIdToken(hs256WithPublicKey(key(), 'pem')),
    'HS256 by the JWK': () => forgedIdToken(hs256WithPublicKey(key(), 'jwk')),
    'with a flipped bit': () => forgedIdToken(bitFlipped()),
    'of another issuer': () =>
      forgedIdToken(withClaims(key(), () => ({ iss: 'http://x.example' }))),
    'for another client': () => forgedIdToken(withClaims(key(), () => ({ aud: 'someone' }))),
    'with another nonce': () => forgedIdToken(withClaims(key(), () => ({ nonce: 'other' }))),
    'that has expired': () => forgedIdToken(withClaims(key(), () => ({ exp: 1_000_000_000 }))),
    'without sub': () => forgedIdToken(withClaims(key(), () => ({ sub: undefined }))),
    'that is missing': () => withoutIdToken(),
  };
  for (const [name, fault] of Object.entries(forgeries)) {
    test(name, async () => {
      upstream.faults.arm('token', fault());
      await expect(logIn()).rejects.toThrow();
      upstream.faults.clear();
      await expect(logIn()).resolves.toBeDefined();
    });
  }

  test('but takes one with changed claims under the real signature', async () => {
    upstream.faults.arm(
      'token',
      forgedIdToken(withClaims(key(), () => ({ sub: 'b'.repeat(256) }))),
    );
    const { claims, idToken } = await logIn();
    expect(claims['sub']).toBe('b'.repeat(256));
    expect(decodeJwt(idToken)['sid']).toMatch(/^legacy-session-/);
  });
});

test('errors name the user', async () => {
  upstream.faults.arm('token', errorNamingTheUser());
  await expect(logIn()).rejects.toMatchObject({ error: 'invalid_grant' });
  upstream.faults.arm('authorize', authorizationErrorNamingTheUser());
  const browser = new Browser();
  const url = `${upstream.issuer}/auth?client_id=web&response_type=code&scope=openid&state=s&redirect_uri=${encodeURIComponent(redirectUri)}`;
  const callback = await browser.login(url, { username: 'alice' });
  expect(callback.searchParams.get('error_description')).toContain('alice@legacy.example');
  expect(callback.searchParams.get('state')).toBe('s');
});

test('the requests that reached it are kept, with their bodies', async () => {
  await logIn();
  const token = upstream.requests.findLast(({ url }) => url.pathname === '/token');
  expect(token).toMatchObject({ method: 'POST' });
  expect(token?.body).toContain('grant_type=authorization_code');
});

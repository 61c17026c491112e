import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * A single-page application asks from its own origin, where its redirect URIs
 * live. Anybody's script may read what is public; a token or a user's claims
 * only the client's own.
 */

let world: World;
let own: string;
let foreign: string;
beforeAll(async () => {
  world = await createWorld([
    { id: 'spa', authentication: 'public' },
    { id: 'other', authentication: 'public' },
  ]);
  own = new URL(world.vendor('spa').redirectUri).origin;
  foreign = new URL(world.vendor('other').redirectUri).origin;
});
afterAll(() => world.close());

const ANYBODY = 'https://anybody.example';

it.each([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oidc/jwks',
])('anybody may read %s', async (path) => {
  const answer = await fetch(world.proxy.issuer + path, { headers: { origin: ANYBODY } });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect((await preflight(path, ANYBODY, 'GET')).get('access-control-allow-origin')).toBe('*');
});

describe.each(['/oidc/token', '/oidc/userinfo'])('a preflight at %s', (path) => {
  it('is granted to every registered redirect origin, since no client is known yet', async () => {
    for (const origin of [own, foreign]) {
      const headers = await preflight(path, origin, 'POST');
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-headers')).toContain('authorization');
      expect(headers.get('access-control-allow-methods')).toContain('POST');
    }
  });

  it.each([ANYBODY, 'null'])('is not granted to %s', async (origin) => {
    const headers = await preflight(path, origin, 'POST');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('nobody is granted a preflight at the authorization endpoint', async () => {
  const headers = await preflight('/oidc/authorize', own, 'POST');
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

describe('a token answer', () => {
  it.each([
    ['of success', () => freshRefreshToken(), 200],
    ['of failure', () => Promise.resolve('nonsense'), 400],
  ])('%s is readable for the own origin of the client alone', async (_name, token, status) => {
    for (const origin of [own, foreign, ANYBODY]) {
      const answer = await fetch(`${world.proxy.issuer}/oidc/token`, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: await token(),
          client_id: 'spa-web',
        }),
      });
      expect(answer.status).toBe(status);
      const allowed = answer.headers.get('access-control-allow-origin');
      expect(allowed).toBe(origin === own ? own : null);
    }
  });

  it('for an unknown client is readable for nobody', async () => {
    const answer = await fetch(`${world.proxy.issuer}/oidc/token`, {
      method: 'POST',
      headers: { origin: own },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'nobody' }),
    });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a script that binds its tokens (RFC 9449)', () => {
  it('may send the proof, and read the nonce and the challenge', async () => {
    const address = `${world.proxy.issuer}/oidc/token`;
    const asking = { origin: own, 'access-control-request-headers': 'dpop' };
    const preflight = await fetch(address, { method: 'OPTIONS', headers: asking });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('dpop');
    const answer = await fetch(address, {
      method: 'POST',
      headers: { origin: own, dpop: 'none' },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'spa-web' }),
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/);
    const exposed = answer.headers.get('access-control-expose-headers');
    expect(exposed).toContain('dpop-nonce');
    expect(exposed).toContain('www-authenticate');
  });
});

describe('a userinfo answer', () => {
  it('is readable for the own origin of the client alone', async () => {
    const { accessToken } = await world.vendor('spa').logIn(new Browser(), 'alice');
    expect(await userinfo(accessToken, own)).toEqual([200, own]);
    expect(await userinfo(accessToken, foreign)).toEqual([200, null]);
    expect(await userinfo(accessToken, ANYBODY)).toEqual([200, null]);
  });

  it('is readable also where it says that the grant is over', async () => {
    const { accessToken, refreshToken = '' } = await world
      .vendor('spa')
      .logIn(new Browser(), 'alice');
    for (const _use of [1, 2]) {
      await fetch(`${world.proxy.issuer}/oidc/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
          client_id: 'spa-web',
        }),
      });
    }
    await world.proxy.application.registry.refresh();
    expect(await userinfo(accessToken, own)).toEqual([401, own]);
    const answer = await fetch(`${world.proxy.issuer}/oidc/userinfo`, {
      headers: { origin: own, authorization: `Bearer ${accessToken}` },
    });
    expect(answer.headers.get('access-control-expose-headers')).toContain('www-authenticate');
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });
});

async function freshRefreshToken(): Promise<string> {
  return (await world.vendor('spa').logIn(new Browser(), 'alice')).refreshToken ?? '';
}

async function userinfo(accessToken: string, origin: string): Promise<[number, string | null]> {
  const headers = { origin, authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${world.proxy.issuer}/oidc/userinfo`, { headers });
  return [answer.status, answer.headers.get('access-control-allow-origin')];
}

async function preflight(path: string, origin: string, method: string): Promise<Headers> {
  const answer = await fetch(world.proxy.issuer + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization',
    },
  });
  return answer.headers;
}

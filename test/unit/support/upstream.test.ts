import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openRelyingParty } from '../../../demo/vendor/relying-party.ts';
import type { Tokens } from '../../../demo/vendor/relying-party.ts';
import { Browser } from '../../support/browser.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';
import { openPlainRelyingParty } from '../../support/vendors/oauth4webapi.ts';

const redirectUri = 'http://vendor.localhost:9/callback';
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream({
    clients: [
      {
        client_id: 'web',
        client_secret: 'web-secret-of-thirty-two-bytes-00',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
  });
});
afterAll(() => upstream.close());

for (const [library, open] of [
  ['openid-client', openRelyingParty],
  ['oauth4webapi', openPlainRelyingParty],
] as const) {
  describe(`the legacy provider, with ${library} as its vendor`, () => {
    let tokens: Tokens;
    const party = () =>
      open({
        issuer: upstream.issuer,
        clientId: 'web',
        clientSecret: 'web-secret-of-thirty-two-bytes-00',
        redirectUri,
      });

    test('logs a user in and shows who it is', async () => {
      const browser = new Browser();
      const relying = await party();
      const { url, pending } = await relying.begin();
      const callback = await browser.login(url, { username: 'alice' });
      expect(callback.searchParams.get('iss')).toBe(upstream.issuer);
      tokens = await relying.finish(callback, pending);
      expect(tokens.claims).toMatchObject({
        sub: 'alice',
        email: 'alice@legacy.example',
        preferred_username: 'alice',
        amr: ['pwd'],
        acr: 'urn:legacy:password',
        sid: expect.stringMatching(/^legacy-session-/),
        auth_time: expect.any(Number),
        at_hash: expect.any(String),
      });
      await browser.close();
    });

    test('gives JWT access tokens that name the user, and takes them at userinfo', async () => {
      expect(decodeJwt(tokens.accessToken)).toMatchObject({ sub: 'alice', username: 'alice' });
      const relying = await party();
      expect(await relying.userinfo(tokens)).toMatchObject({
        sub: 'alice',
        name: 'Alicia Archer',
        picture: 'https://pictures.legacy.example/users/alice.jpg',
      });
    });

    test('refreshes', async () => {
      const relying = await party();
      const refreshed = await relying.refresh(tokens);
      expect(refreshed.claims['sub']).toBe('alice');
      expect(refreshed.accessToken).not.toBe(tokens.accessToken);
      expect((await relying.userinfo(refreshed))['sub']).toBe('alice');
    });
  });
}

test('a session of one browser is no session of another', async () => {
  const relying = await openRelyingParty({
    issuer: upstream.issuer,
    clientId: 'web',
    clientSecret: 'web-secret-of-thirty-two-bytes-00',
    redirectUri,
  });
  const [first, second] = [new Browser(), new Browser()];
  await first.login((await relying.begin()).url, { username: 'alice' });
  const again = await first.walk((await relying.begin()).url);
  expect(again.callback?.searchParams.has('code')).toBe(true);
  const other = await second.walk((await relying.begin()).url);
  expect(other.callback).toBeUndefined();
  expect(other.page.forms).toHaveLength(1);
});

test('keys rotate and a stopped provider comes back with its sessions', async () => {
  const relying = await openRelyingParty({
    issuer: upstream.issuer,
    clientId: 'web',
    clientSecret: 'web-secret-of-thirty-two-bytes-00',
    redirectUri,
  });
  const browser = new Browser();
  await browser.login((await relying.begin()).url, { username: 'bob' });
  const before = upstream.signingKey().kid;
  await upstream.rotateKeys();
  await upstream.stop();
  await expect(fetch(`${upstream.url}/jwks`)).rejects.toThrow();
  await upstream.restart();
  const { url, pending } = await relying.begin();
  const { callback } = await browser.walk(url);
  const tokens = await relying.finish(callback!, pending);
  expect(tokens.claims['sub']).toBe('bob');
  expect(decodeProtectedHeader(tokens.idToken).kid).toBe(upstream.signingKey().kid);
  expect(upstream.signingKey().kid).not.toBe(before);
});

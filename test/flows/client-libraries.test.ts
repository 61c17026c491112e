import * as openid from 'openid-client';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { authorize } from '../support/steps.ts';
import { openPlainRelyingParty } from '../support/vendors/oauth4webapi.ts';
import { startMiddlewareVendor } from '../support/vendors/express-openid-connect.ts';
import { reservePlace } from '../support/vendors/vendor.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * The libraries that vendors really use, unmodified and as strict as they come:
 * they check state, iss, nonce, PKCE, aud, exp, hashes, signatures and that
 * userinfo speaks of the same sub. Plain http on loopback is the one thing allowed.
 */

let world: World;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme' },
    { id: 'bolt', library: openPlainRelyingParty },
    { id: 'cosy' },
    { id: 'dome' },
  ]);
});
afterAll(() => world.close());

describe.each([
  ['openid-client', 'acme'],
  ['oauth4webapi', 'bolt'],
])('a vendor on %s', (_library, id) => {
  it('logs in, asks userinfo and refreshes, always with one subject', async () => {
    const vendor = world.vendor(id);
    const party = await vendor.party();
    const tokens = await vendor.logIn(new Browser(), 'alice');
    const sub = String(tokens.claims['sub']);
    expect(sub).toMatch(/^[a-z2-7]{52}$/);
    expect((await party.userinfo(tokens))['sub']).toBe(sub);
    const refreshed = await party.refresh(tokens);
    expect(refreshed.claims['sub']).toBe(sub);
    expect(refreshed.accessToken).not.toBe(tokens.accessToken);
    expect((await party.userinfo(refreshed))['sub']).toBe(sub);
    const again = await party.refresh(refreshed);
    expect(again.claims['sub']).toBe(sub);
  });

  it('is told of a refused login in the terms of its library', async () => {
    const vendor = world.vendor(id);
    const answered = await authorize(vendor, new Browser(), 'alice', { prompt: 'none' });
    await expect(answered.party.finish(answered.callback, answered.pending)).rejects.toMatchObject({
      error: 'login_required',
    });
  });

  it('is told that a code was used before in the terms of its library', async () => {
    const answered = await authorize(world.vendor(id), new Browser(), 'bob');
    await answered.party.finish(answered.callback, answered.pending);
    await expect(answered.party.finish(answered.callback, answered.pending)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

it('userinfo is asked with POST too', async () => {
  const tokens = await world.vendor('acme').logIn(new Browser(), 'alice');
  const config = await openid.discovery(
    new URL(world.proxy.issuer),
    'acme-web',
    undefined,
    openid.ClientSecretBasic(vendorSecret('acme')),
    { execute: [openid.allowInsecureRequests] },
  );
  const url = new URL(`${world.proxy.issuer}/oidc/userinfo`);
  const posted = await openid.fetchProtectedResource(config, tokens.accessToken, url, 'POST');
  expect(await posted.json()).toMatchObject({ sub: tokens.claims['sub'] });

  const body = new URLSearchParams({ access_token: tokens.accessToken });
  const inForm = await fetch(url, { method: 'POST', body });
  expect(await inForm.json()).toMatchObject({ sub: tokens.claims['sub'] });
});

it('a token that is none reaches the library as the challenges of RFC 6750 and RFC 9449', async () => {
  const as = await oauth.processDiscoveryResponse(
    new URL(world.proxy.issuer),
    await oauth.discoveryRequest(new URL(world.proxy.issuer), {
      [oauth.allowInsecureRequests]: true,
    }),
  );
  const asking = oauth.userInfoRequest(as, { client_id: 'bolt-web' }, 'not-a-token', {
    [oauth.allowInsecureRequests]: true,
  });
  await expect(
    asking.then((r) => oauth.processUserInfoResponse(as, { client_id: 'bolt-web' }, 'x', r)),
  ).rejects.toMatchObject({
    cause: [
      { scheme: 'bearer', parameters: { error: 'invalid_token' } },
      { scheme: 'dpop', parameters: { error: 'invalid_token', algs: expect.any(String) } },
    ],
  });
});

it('express-openid-connect with response_type=code runs unchanged', async () => {
  const place = await reservePlace({ publicOrigin: 'https://express.example' });
  const { upstream, proxy } = world;
  upstream.setClients([
    ...upstream.clients,
    {
      client_id: 'legacy-express',
      client_secret: 'known-to-the-proxy-alone-0123456789',
      redirect_uris: [place.redirectUri],
    },
  ]);
  await proxy.apply([
    {
      id: 'express',
      clients: [
        {
          client_id: 'express-web',
          client_secret: vendorSecret('express'),
          redirect_uris: [place.redirectUri],
          upstream: {
            client_id: 'legacy-express',
            client_secret: 'known-to-the-proxy-alone-0123456789',
          },
        },
      ],
    },
  ]);
  const vendor = await startMiddlewareVendor({
    issuer: proxy.issuer,
    clientId: 'express-web',
    clientSecret: vendorSecret('express'),
    port: place.port,
    publicOrigin: place.origin,
    scope: 'openid profile email offline_access',
  });
  try {
    const { claims, userinfo, refreshed } = await vendor.logIn(new Browser(), 'alice');
    expect(claims['sub']).toMatch(/^[a-z2-7]{52}$/);
    expect(userinfo['sub']).toBe(claims['sub']);
    expect(refreshed['sub']).toBe(claims['sub']);
  } finally {
    await vendor.close();
  }
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Browser } from '../../support/browser.ts';
import { commonValues, findings } from '../../support/recorder.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';
import { startMiddlewareVendor } from '../../support/vendors/express-openid-connect.ts';
import type { MiddlewareVendor } from '../../support/vendors/express-openid-connect.ts';
import { openPlainRelyingParty } from '../../support/vendors/oauth4webapi.ts';
import { reservePlace, startVendor } from '../../support/vendors/vendor.ts';
import type { Vendor } from '../../support/vendors/vendor.ts';

/*
 * The vendors against the legacy provider itself, with no proxy between: every
 * library must work there, and the records must show how much each vendor learns.
 */

const clientSecret = 'a secret: with% characters+that & need encoding';
let upstream: Upstream;
let acme: Vendor;
let bolt: Vendor;
let middleware: MiddlewareVendor;

beforeAll(async () => {
  const places = {
    acme: await reservePlace({ publicOrigin: 'https://acme.example' }),
    bolt: await reservePlace({ publicOrigin: 'https://bolt.example' }),
    middleware: await reservePlace({ publicOrigin: 'https://middleware.example' }),
  };
  upstream = await startUpstream({
    clients: Object.entries(places).map(([id, { redirectUri }]) => ({
      client_id: id,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: id === 'bolt' ? 'client_secret_basic' : 'client_secret_post',
    })),
  });
  const common = { issuer: upstream.issuer, clientSecret };
  acme = await startVendor({
    ...common,
    clientId: 'acme',
    port: places.acme.port,
    publicOrigin: 'https://acme.example',
  });
  bolt = await startVendor({
    ...common,
    clientId: 'bolt',
    port: places.bolt.port,
    publicOrigin: 'https://bolt.example',
    authMethod: 'client_secret_basic',
    library: openPlainRelyingParty,
  });
  middleware = await startMiddlewareVendor({
    ...common,
    clientId: 'middleware',
    port: places.middleware.port,
    publicOrigin: 'https://middleware.example',
  });
});
afterAll(async () => {
  await Promise.all([acme.close(), bolt.close(), middleware.close()]);
  await upstream.close();
});

describe('without the proxy', () => {
  test('one session serves all three vendors, and all see the same user', async () => {
    const browser = new Browser();
    const ofAcme = await acme.logIn(browser, 'alice');
    const ofBolt = await bolt.logIn(browser, 'alice');
    const profile = await middleware.logIn(browser, 'alice');
    expect(ofAcme.claims['sub']).toBe('alice');
    expect(ofBolt.claims['sub']).toBe('alice');
    expect(profile.claims['sub']).toBe('alice');
    expect(profile.userinfo['sub']).toBe('alice');
    expect(profile.refreshed['sub']).toBe('alice');
    expect(ofAcme.claims['sid']).toBe(ofBolt.claims['sid']);
  });

  test('the records hold what the vendors learned, and what they have in common', async () => {
    for (const { record } of [acme, bolt, middleware]) {
      const found = findings(record, ['alice@legacy.example', 'Archer', upstream.issuer]);
      expect(new Set(found.map(({ needle }) => needle)).size).toBe(3);
    }
    const common = commonValues(acme.record, bolt.record);
    expect(common).toContain('alice@legacy.example');
    expect(common.some((value) => value.startsWith('legacy-session-'))).toBe(true);
  });

  test("a vendor's server gets no cookie of the provider or of another vendor", () => {
    for (const { record } of [acme, bolt]) {
      expect(findings(record, ['_session=', '_interaction='])).toEqual([]);
    }
    expect(findings(acme.record, ['vendor-bolt'])).toEqual([]);
  });

  test('a wrong password leads back to the form', async () => {
    const browser = new Browser();
    const login = browser.login(acme.loginUrl, { username: 'alice', password: 'wrong' });
    await expect(login).rejects.toThrow(/401 .*Unknown username or wrong password/);
  });
});

test('pages escape what the provider says', async () => {
  const browser = new Browser();
  await acme.logIn(browser, 'bob');
  const page = await browser.open(
    `${acme.origin}/callback?error=%3Cscript%3Ealert(1)%3C/script%3E`,
  );
  expect(page.status).toBe(400);
  expect(page.body).not.toContain('<script>');
});

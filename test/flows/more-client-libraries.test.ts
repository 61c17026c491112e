import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { startDefaultMiddlewareVendor } from '../support/vendors/express-openid-connect-defaults.ts';
import { startPassportVendor } from '../support/vendors/passport-openidconnect.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Libraries that know less of the protocol than others, or that ask for it in an
 * older way, unmodified and as their documentation sets them up.
 */

describe.each(['relay', 'callback'])('through the front channel %s', (frontChannel) => {
  let world: World;
  beforeAll(async () => {
    const environment = { FRONT_CHANNEL: frontChannel };
    world = await createWorld(
      [
        { id: 'acme' },
        {
          id: 'bolt',
          authentication: 'public',
          client: { response_types: ['id_token'] },
          // As real vendors are: a cookie that a form from elsewhere may carry must be Secure.
          software: { publicOrigin: `https://bolt.${frontChannel}.example` },
        },
      ],
      { environment },
    );
    // Their places are taken by the vendors under test.
    for (const id of ['acme', 'bolt']) await world.vendor(id).close();
  });
  afterAll(() => world.close());

  it('passport-openidconnect logs in', async () => {
    const vendor = await startPassportVendor({
      issuer: world.proxy.issuer,
      clientId: 'acme-web',
      clientSecret: vendorSecret('acme'),
      port: Number(new URL(world.vendor('acme').redirectUri).port),
    });
    try {
      const page = await new Browser().loginInto(vendor.loginUrl, { username: 'alice' });
      expect(JSON.parse(page.body)).toEqual({ id: expect.stringMatching(/^[a-z2-7]{52}$/) });
    } finally {
      await vendor.close();
    }
  });

  it('express-openid-connect logs in as it comes: an ID token by form_post', async () => {
    const { issuer } = world.proxy;
    const { origin, redirectUri } = world.vendor('bolt');
    const vendor = await startDefaultMiddlewareVendor({ issuer, clientId: 'bolt-web', origin });
    const browser = new Browser();
    try {
      const page = await browser.loginInto(vendor.profileUrl, { username: 'alice' });
      const posted = browser.pages.filter(({ url }) => url.href === redirectUri);
      expect(posted.map(({ requestBody }) => requestBody)).toEqual([
        expect.stringMatching(/(^|&)id_token=/),
      ]);
      expect(JSON.parse(page.body)).toEqual({
        claims: expect.objectContaining({
          iss: issuer,
          aud: 'bolt-web',
          sub: expect.stringMatching(/^[a-z2-7]{52}$/),
        }),
      });
    } finally {
      await vendor.close();
    }
  });
});

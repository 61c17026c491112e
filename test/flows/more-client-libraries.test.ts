import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
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
    world = await createWorld([{ id: 'acme' }], { environment });
    // Its place is taken by the vendor under test.
    await world.vendor('acme').close();
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
});

import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { connectDevice, elsewhereWorld, partyOf } from '../support/elsewhere.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Device authorization (RFC 8628), with openid-client as the device's software
 * and the user's browser apart from it.
 */

describe.each(['relay', 'callback'] as const)('a device, front channel %s', (frontChannel) => {
  let world: World;
  beforeAll(async () => {
    world = await elsewhereWorld([{ id: 'acme' }, { id: 'bolt' }], {
      environment: { FRONT_CHANNEL: frontChannel },
    });
  });
  afterAll(() => world.close());

  it('logs its user in as the subject that a login in the browser yields', async () => {
    const party = await partyOf(world, 'acme');
    const device = await client.initiateDeviceAuthorization(party, { scope: 'openid profile' });
    expect(device.verification_uri).toBe(`${world.proxy.issuer}/oidc/device`);
    const page = await connectDevice(String(device.verification_uri_complete), 'alice');
    expect(page.body).toContain('Device connected');
    const tokens = await client.pollDeviceAuthorizationGrant(party, device);
    const direct = await world.vendor('acme').logIn(new Browser(), 'alice');
    const sub = tokens.claims()?.sub;
    expect(sub).toBe(direct.claims['sub']);
    const userinfo = await client.fetchUserInfo(party, tokens.access_token, String(sub));
    expect(userinfo.sub).toBe(sub);
    const refreshed = await client.refreshTokenGrant(party, String(tokens.refresh_token));
    expect(refreshed.claims()?.sub).toBe(sub);
  });

  it('gives two vendors two subjects', async () => {
    const subjects = [];
    for (const id of ['acme', 'bolt']) {
      const party = await partyOf(world, id);
      const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
      await connectDevice(String(device.verification_uri_complete), 'bob');
      const tokens = await client.pollDeviceAuthorizationGrant(party, device);
      subjects.push(tokens.claims()?.sub);
    }
    expect(new Set(subjects).size).toBe(2);
  });
});

it('is not offered where the upstream has no device authorization', async () => {
  const world = await createWorld([{ id: 'acme' }]);
  const response = await fetch(`${world.proxy.issuer}/.well-known/openid-configuration`);
  const document = (await response.json()) as Record<string, unknown>;
  expect(document).not.toHaveProperty('device_authorization_endpoint');
  expect(document).not.toHaveProperty('backchannel_authentication_endpoint');
  expect(JSON.stringify(document['grant_types_supported'])).not.toMatch(/device|ciba|exchange/);
  await world.close();
});

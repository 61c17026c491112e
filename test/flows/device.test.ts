import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { DEVICE_CODE, connectDevice, elsewhereWorld, partyOf } from '../support/elsewhere.ts';
import { withJson } from '../support/upstream/answer.ts';
import { altered, withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Device authorization (RFC 8628), with openid-client as the device's software
 * and the user's browser apart from it.
 */

describe.each(['relay', 'callback'] as const)('a device, front channel %s', (frontChannel) => {
  let world: World;
  beforeAll(async () => {
    const client = {
      ...{ grant_types: [DEVICE_CODE], redirect_uris: [], post_logout_redirect_uris: [] },
    };
    world = await elsewhereWorld([{ id: 'acme' }, { id: 'bolt' }, { id: 'television', client }], {
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

  it('gives each vendor a subject of its own, also one that knows no browser', async () => {
    const subjects = [];
    for (const id of ['acme', 'bolt', 'television']) {
      const party = await partyOf(world, id);
      const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
      await connectDevice(String(device.verification_uri_complete), 'bob');
      const tokens = await client.pollDeviceAuthorizationGrant(party, device);
      subjects.push(tokens.claims()?.sub);
    }
    expect(new Set(subjects).size).toBe(3);
  });
});

it('a device logs in where the upstream takes credentials as they stand', async () => {
  const world = await elsewhereWorld([{ id: 'acme' }], {
    upstream: { profiles: ['credentials-undecoded'] },
  });
  const party = await partyOf(world, 'acme');
  const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
  await connectDevice(String(device.verification_uri_complete), 'alice');
  const tokens = await client.pollDeviceAuthorizationGrant(party, device);
  expect(tokens.claims()?.sub).toMatch(/^[a-z2-7]{52}$/);
  await world.close();
});

describe('what upstreams say to a device that polls', () => {
  let world: World;
  beforeAll(async () => {
    world = await elsewhereWorld([{ id: 'acme' }]);
  });
  afterAll(() => world.close());

  it.each([
    [400, 'authorization_pending', 'authorization_pending'],
    [428, 'authorization_pending', 'authorization_pending'],
    [403, 'slow_down', 'slow_down'],
    [400, 'Authorization Declined', 'access_denied'],
    [401, 'access_denied', 'access_denied'],
    [200, 'code_expired', 'expired_token'],
    [400, 'bad_verification_code', 'invalid_grant'],
  ])('%i %s reaches the vendor as %s', async (status, said, heard) => {
    const party = await partyOf(world, 'acme');
    const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
    world.upstream.faults.arm(
      'token',
      altered((answer) => ({
        ...withJson(answer, { error: said, error_description: 'alice is busy' }),
        status,
      })),
    );
    const answer = client.genericGrantRequest(party, DEVICE_CODE, {
      device_code: device.device_code,
    });
    await expect(answer).rejects.toMatchObject({ status: 400, error: heard });
    const received = world.vendor('acme').record.received.map(({ text }) => text);
    expect(received.join('\n')).not.toContain('alice');
  });
});

describe('the page for devices', () => {
  let world: World;
  beforeAll(async () => {
    world = await elsewhereWorld([{ id: 'acme' }]);
  });
  afterAll(() => world.close());

  it('asks for the code, however it is typed, and says when it is none', async () => {
    const party = await partyOf(world, 'acme');
    const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
    const browser = new Browser();
    const form = await browser.open(device.verification_uri);
    const typed = device.user_code.toLowerCase().replace('-', ' ');
    const { page } = await browser.submit(form, { user_code: typed });
    expect(page.body).toContain('href=');
    const wrong = await browser.submit(form, { user_code: 'AAAA-AAAA' });
    expect(wrong.page.body).toContain('not known');
  });

  it('tells which code the upstream will ask for, where its address cannot carry it', async () => {
    world.upstream.faults.arm('device', withMembers({ verification_uri_complete: undefined }));
    const party = await partyOf(world, 'acme');
    const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
    const page = await new Browser().open(String(device.verification_uri_complete));
    expect(page.body).toContain('enter the code');
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

import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { members } from '../support/by-hand.ts';
import { initialToken, manage, register, registered } from '../support/registration.ts';
import { reservePlace, startVendor } from '../support/vendors/vendor.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: string;
let bolt: string;
beforeAll(async () => {
  world = await createWorld(undefined, { upstream: { registration: {} } });
  acme = await initialToken(world.proxy, 'acme');
  bolt = await initialToken(world.proxy, 'bolt');
});
afterAll(() => world.close());

/** Registers with openid-client as a vendor's server does, and logs alice in. */
async function registerAndLogIn(token: string) {
  const place = await reservePlace({});
  const config = await oidc.dynamicClientRegistration(
    new URL(world.proxy.issuer),
    {
      redirect_uris: [place.redirectUri],
      client_name: 'My Privacy-Focused App',
      subject_type: 'pairwise',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    undefined,
    { initialAccessToken: token, execute: [oidc.allowInsecureRequests] },
  );
  await world.proxy.application.registry.refresh();
  const { client_id: clientId, client_secret: clientSecret } = config.clientMetadata();
  const vendor = await startVendor({
    ...{ issuer: world.proxy.issuer, clientId, port: place.port },
    clientSecret: String(clientSecret),
  });
  const tokens = await vendor.logIn(new Browser(), 'alice');
  await vendor.close();
  return tokens.claims['sub'];
}

describe('a vendor that registers itself', () => {
  it('logs users in at once, under a subject of its own', async () => {
    const [one, other] = [await registerAndLogIn(acme), await registerAndLogIn(bolt)];
    expect(one).toMatch(/^[a-z2-7]{52}$/);
    expect(other).toMatch(/^[a-z2-7]{52}$/);
    expect(one).not.toBe(other);
    expect(world.upstream.errors).toEqual([]);
  });

  it('reads, replaces and removes its client, here and at the upstream', async () => {
    const { redirectUri } = await reservePlace({});
    const client = await registered(world.proxy, acme, { redirect_uris: [redirectUri] });
    const read = members(await manage(client, 'GET'));
    expect(read).toEqual(client);
    const moved = new URL('/moved', redirectUri).href;
    const put = await manage(client, 'PUT', {
      ...{ client_id: client.client_id, client_secret: client.client_secret },
      redirect_uris: [moved],
    });
    expect([put.status, members(put)['redirect_uris']]).toEqual([200, [moved]]);
    const renewed = { ...client, ...members(put) };
    expect(renewed.registration_access_token).not.toBe(client.registration_access_token);
    expect((await manage(client, 'GET')).status).toBe(401);
    const requests = world.upstream.requests.filter(({ url }) => url.pathname.startsWith('/reg/'));
    expect(requests.map(({ method }) => method)).toEqual(['PUT', 'PUT']);
    const [both, after] = requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    const callback = `${world.proxy.issuer}/oidc/callback`;
    expect(both?.['redirect_uris']).toEqual([redirectUri, moved, callback]);
    expect(after?.['redirect_uris']).toEqual([moved, callback]);
    const removed = await manage(renewed, 'DELETE');
    expect([removed.status, removed.body]).toEqual([204, '']);
    expect((await manage(renewed, 'GET')).status).toBe(401);
    expect(world.upstream.requests.at(-1)?.method).toBe('DELETE');
    expect(await world.database.db('upstream_clients').where({ state: 'discarded' })).toEqual([]);
  });

  it('finds the address in the discovery document', async () => {
    const answer = await fetch(`${world.proxy.issuer}/.well-known/openid-configuration`);
    const document = (await answer.json()) as Record<string, unknown>;
    expect(document['registration_endpoint']).toBe(`${world.proxy.issuer}/oidc/register`);
  });

  it('is told what may be put right', async () => {
    const answer = await register(world.proxy, acme, {
      redirect_uris: ['https://app1.example.com/callback', 'https://app2.example.com/callback'],
      subject_type: 'pairwise',
    });
    expect([answer.status, members(answer)]).toEqual([
      400,
      {
        error: 'invalid_client_metadata',
        error_description:
          'sector_identifier_uri is required when using pairwise subject type with multiple redirect URIs from different hosts',
      },
    ]);
  });
});

import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLogger } from '../../src/observability/logger.ts';
import { prepareClient } from '../../src/operations/prepared-clients.ts';
import { removeUnused } from '../../src/operations/upstream-clients.ts';
import { createExchange } from '../../src/upstream/exchange.ts';
import { Browser } from '../support/browser.ts';
import { members } from '../support/by-hand.ts';
import {
  initialToken,
  manage,
  operationsOf,
  register,
  registered,
} from '../support/registration.ts';
import { altered, brokenJson } from '../support/upstream/faults.ts';
import { reservePlace, startVendor } from '../support/vendors/vendor.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret } from '../support/world.ts';

const quiet = createLogger({ level: 'fatal', destination: { write: () => undefined } });

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

describe('where the upstream takes no registrations', () => {
  let closed: World;
  let token: string;
  beforeAll(async () => {
    closed = await createWorld([
      { id: 'acme', upstreamClient: { client_id: 'legacy-prepared' } },
      { id: 'bolt' },
    ]);
    token = await initialToken(closed.proxy, 'acme');
  });
  afterAll(() => closed.close());

  const document = async () => {
    await closed.proxy.application.registry.refresh();
    const answer = await fetch(`${closed.proxy.issuer}/.well-known/openid-configuration`);
    return (await answer.json()) as Record<string, unknown>;
  };

  it('the vendor hears that nothing is prepared, and discovery promises nothing', async () => {
    const answer = await register(closed.proxy, token, {
      redirect_uris: ['https://app.acme.example/callback'],
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '3600']);
    expect(await document()).not.toHaveProperty('registration_endpoint');
  });

  it('it gets the client that an operator prepared, once, and logs users in', async () => {
    const by = { actor: 'test' };
    const operations = operationsOf(closed.proxy);
    const prepared = { vendorId: 'acme', upstreamClientId: 'legacy-prepared' };
    const clientSecret = upstreamSecret('acme');
    await prepareClient(operations, { ...prepared, clientSecret }, by);
    await expect.poll(document).toHaveProperty('registration_endpoint');
    const place = await reservePlace({});
    const client = await registered(closed.proxy, token, { redirect_uris: [place.redirectUri] });
    const vendor = await startVendor({
      ...{ issuer: closed.proxy.issuer, port: place.port },
      ...{ clientId: client.client_id, clientSecret: client.client_secret },
    });
    const { claims } = await vendor.logIn(new Browser(), 'alice');
    await vendor.close();
    expect(claims['sub']).toMatch(/^[a-z2-7]{52}$/);
    const again = await register(closed.proxy, token, { redirect_uris: [place.redirectUri] });
    expect(again.status).toBe(503);
    // Not even when its client is gone: its tokens may still be about.
    await manage(client, 'DELETE');
    expect(await closed.database.db('upstream_clients')).toEqual([]);
  });
});

describe('a registration that fails half-way', () => {
  const sent = { redirect_uris: ['https://half.acme.example/callback'] };
  const left = () => world.database.db('upstream_clients').whereNot({ state: 'bound' });

  it('leaves nothing where the upstream answers nonsense', async () => {
    const clients = (await world.database.db('clients')).length;
    world.upstream.faults.arm('registration', brokenJson(), 1);
    expect((await register(world.proxy, acme, sent)).status).toBe(502);
    expect(await left()).toEqual([]);
    expect(await world.database.db('clients')).toHaveLength(clients);
  });

  it('removes what the upstream made, and does so later where it cannot now', async () => {
    const { db } = world.database;
    const once = await initialToken(world.proxy, 'acme', 1);
    // The token is revoked while the upstream is at work, which then goes away.
    world.upstream.faults.arm(
      'registration',
      altered(async (answer) => {
        await db('initial_access_tokens').where({ uses_left: 1 }).delete();
        setImmediate(() => void world.upstream.stop());
        return answer;
      }),
      1,
    );
    expect((await register(world.proxy, once, sent)).status).toBe(401);
    expect(await left()).toMatchObject([{ state: 'unbound' }]);
    await world.upstream.restart();
    const pool = createExchange();
    const later = { ...operationsOf(world.proxy), upstreamExchange: pool.exchange };
    const hour = () => new Date(Date.now() + 3_600_000);
    expect(await removeUnused({ ...later, log: quiet, clock: hour })).toBe(1);
    await pool.close();
    expect(await left()).toEqual([]);
    expect(world.upstream.requests.at(-1)?.method).toBe('DELETE');
  });
});

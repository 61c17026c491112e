import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import { DpopKey, codeForm, tokenRequest } from '../support/dpop.ts';
import type { InternalApi } from '../support/internal-api.ts';
import { json, startInternalApi } from '../support/internal-api.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * An API of old that asks the legacy provider about every access token serves a
 * vendor's requests as before, although the vendor holds none of the provider's tokens.
 */

const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];

let api: InternalApi;
let world: World;
let browser: Browser;

beforeAll(async () => {
  api = await startInternalApi();
  const named = { internal_apis: ['orders'] };
  world = await createWorld(
    [
      { id: 'acme', client: named },
      {
        id: 'reader',
        upstreamClient: { grant_types: GRANTS },
        client: {
          ...named,
          ...{ access_token_format: 'jwt', resources: ['https://api.reader.example'] },
        },
      },
      { id: 'spa', authentication: 'public', client: named },
    ],
    { environment: { INTERNAL_APIS: `other=http://127.0.0.1:9 orders=${api.address}` } },
  );
  api.trust(world.upstream.issuer);
  browser = new Browser();
  await world.proxy.apply([
    { id: 'reader', name: 'Reader', clients: [await withResource('reader')] },
  ]);
});
afterAll(async () => {
  await world.close();
  await api.close();
});
beforeEach(() => {
  api.requests.length = 0;
  api.answers.clear();
});

/** The entry of a client whose JWTs may name the API too. */
async function withResource(id: string): Promise<object> {
  const client = world.proxy.application.registry.find(`${id}-web`);
  if (client === undefined) throw new Error(`no client of ${id}`);
  const { upstream, clientSecret, metadata } = client;
  return {
    ...{ client_id: client.clientId, client_secret: clientSecret },
    upstream: { client_id: upstream?.clientId, client_secret: upstream?.clientSecret },
    redirect_uris: metadata.redirect_uris,
    ...{ access_token_format: 'jwt', internal_apis: ['orders'] },
    grant_types: GRANTS,
    scope: 'openid profile email reports',
    resources: ['https://api.reader.example', addressOf('')],
  };
}

function addressOf(rest: string): string {
  return `${world.proxy.issuer}/oidc/api/orders${rest}`;
}

function asked(
  rest: string,
  token: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...options.headers };
  return ask(addressOf(rest), { ...options, headers });
}

async function tokenOf(party: VendorByHand, changes = {}): Promise<string> {
  return member(await party.redeem(await party.begin(browser, 'alice', changes)), 'access_token');
}

describe('an internal API behind the proxy', () => {
  it('gets the provider’s own token of the user, and answers the vendor', async () => {
    const token = await tokenOf(vendorByHand(world, 'acme'));
    api.answers.set('/v1/orders', json({ orders: [17, 23] }));
    const answer = await asked('/orders?since=2026&q=a%20b', token);
    expect(answer.status).toBe(200);
    expect(members(answer)).toEqual({ orders: [17, 23] });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(api.requests).toMatchObject([
      { method: 'GET', target: '/v1/orders?since=2026&q=a%20b', user: 'alice' },
    ]);
    expect(api.requests[0]?.headers.authorization).not.toContain(token);
    // By it the API's log and the proxy's are put together.
    expect(api.requests[0]?.headers['x-request-id']).toBe(answer.headers.get('x-request-id'));
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'gets %s with its body, octet by octet',
    async (method) => {
      const token = await tokenOf(vendorByHand(world, 'acme'));
      api.answers.set('/v1/orders/17', (request, response) => {
        response.writeHead(201, { 'content-type': 'image/png' }).end(request.body);
      });
      const body = Buffer.from([0, 255, 13, 10, 200, 65]);
      const headers = { 'content-type': 'application/x-orders', 'idempotency-key': 'once-17' };
      const answer = await asked('/orders/17', token, { method, headers, body });
      expect(answer.status).toBe(201);
      expect(answer.headers.get('content-type')).toBe('image/png');
      expect(api.requests).toMatchObject([{ method, body, headers }]);
    },
  );

  it('has its errors passed on, and its 401 told as a token that is of no use', async () => {
    const token = await tokenOf(vendorByHand(world, 'acme'));
    api.answers.set('/v1/busy', (_request, response) => {
      response.writeHead(503, { 'retry-after': '7', 'content-type': 'text/plain' }).end('busy');
    });
    const busy = await asked('/busy', token);
    expect([busy.status, busy.headers.get('retry-after'), busy.body]).toEqual([503, '7', 'busy']);
    const missing = await asked('/nothing', token);
    expect([missing.status, missing.body]).toEqual([404, '']);
    api.answers.set('/v1/orders', (_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end('alice?');
    });
    const refused = await asked('/orders', token);
    expect([refused.status, members(refused)['error']]).toEqual([401, 'invalid_token']);
    expect(refused.body).not.toContain('alice');
  });

  it('is reached at its own root and without a body where it says nothing', async () => {
    const token = await tokenOf(vendorByHand(world, 'acme'));
    api.answers.set('/v1', (_request, response) => response.writeHead(204).end());
    for (const rest of ['', '?a=b']) {
      expect((await asked(rest, token)).status).toBe(204);
    }
    expect(api.requests.map(({ target }) => target)).toEqual(['/v1', '/v1?a=b']);
  });

  it('takes a public client and a token bound to a key, with a proof for its address', async () => {
    const party = vendorByHand(world, 'spa');
    const key = await DpopKey.generate();
    const begun = await party.begin(browser);
    const tokenAddress = `${world.proxy.issuer}/oidc/token`;
    const proof = await key.proof('POST', tokenAddress);
    const tokens = await tokenRequest(party, world.proxy.issuer, codeForm(party, begun), proof);
    const token = member(tokens, 'access_token');
    api.answers.set('/v1/orders', json([]));
    const answer = await ask(addressOf('/orders?page=2'), {
      headers: {
        authorization: `DPoP ${token}`,
        dpop: await key.proof('GET', addressOf('/orders'), {}, token),
      },
    });
    expect(answer.status).toBe(200);
    expect(api.requests[0]?.headers).not.toHaveProperty('dpop');
    expect(api.requests[0]?.headers.authorization).toMatch(/^Bearer /);
  });

  it('takes a JWT of ours that names it', async () => {
    api.answers.set('/v1/orders', json([]));
    const token = await tokenOf(vendorByHand(world, 'reader'), { resource: addressOf('') });
    expect((await asked('/orders', token)).status).toBe(200);
  });

  it('gets the provider’s token of a vendor’s own software', async () => {
    const form = { grant_type: 'client_credentials', scope: 'reports', resource: addressOf('') };
    const answer = await vendorByHand(world, 'reader').token(form);
    // This API knows users alone: the provider tells it none, so it refuses, and we say so.
    expect((await asked('/orders', member(answer, 'access_token'))).status).toBe(401);
    expect(api.requests).toMatchObject([{ target: '/v1/orders', user: undefined }]);
    expect(api.requests[0]?.headers.authorization).toMatch(/^Bearer .{8}/);
  });
});

describe('under an issuer with a path', () => {
  it('the API is reached below it, with a proof for that address', async () => {
    const below = await createWorld([{ id: 'acme', client: { internal_apis: ['orders'] } }], {
      environment: { ISSUER_PATH: '/id', INTERNAL_APIS: `orders=${api.address}` },
    });
    try {
      api.trust(below.upstream.issuer);
      api.answers.set('/v1/orders', json({ orders: 3 }));
      const { issuer } = below.proxy;
      const party = vendorByHand(below, 'acme');
      const key = await DpopKey.generate();
      const begun = await party.begin(new Browser());
      const proof = await key.proof('POST', `${issuer}/oidc/token`);
      const token = member(
        await tokenRequest(party, issuer, codeForm(party, begun), proof),
        'access_token',
      );
      const address = `${issuer}/oidc/api/orders/orders`;
      expect(new URL(address).pathname).toBe('/id/oidc/api/orders/orders');
      const headers = {
        authorization: `DPoP ${token}`,
        dpop: await key.proof('GET', address, {}, token),
      };
      expect(members(await ask(address, { headers }))).toEqual({ orders: 3 });
    } finally {
      api.trust(world.upstream.issuer);
      await below.close();
    }
  });
});

/*
 * A pushed request holds what one vendor asks for: hints that name its users, its
 * state, its redirect URI. Whoever learns the request_uri, from an address bar or a
 * log, must not get at it (RFC 9126 7).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { ask, members, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
let bolt: VendorByHand;
beforeAll(async () => {
  world = await createWorld();
  acme = vendorByHand(world, 'acme');
  bolt = vendorByHand(world, 'bolt');
});
afterAll(() => world.close());

/** Pushes a request and yields the whole answer. */
async function push(vendor: VendorByHand, changes: Record<string, string> = {}) {
  const { url } = vendor.request(changes);
  return ask(`${world.proxy.issuer}/oidc/par`, {
    headers: {
      authorization: vendor.basic,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: url.searchParams.toString(),
  });
}

function authorize(clientId: string, requestUri: string) {
  const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
  url.search = new URLSearchParams({ client_id: clientId, request_uri: requestUri }).toString();
  return ask(url);
}

describe('pushed requests', () => {
  it('are answered with a reference and a lifetime, and nothing else', async () => {
    const answer = await push(acme, { login_hint: 'alice' });
    expect(answer.status).toBe(201);
    expect(Object.keys(members(answer)).toSorted()).toEqual(['expires_in', 'request_uri']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).not.toContain('alice');
  });

  it('open for no other client, and still open for their own', async () => {
    const requestUri = String(members(await push(acme))['request_uri']);
    const foreign = await authorize(bolt.clientId, requestUri);
    expect([foreign.status, foreign.headers.get('location')]).toEqual([400, null]);
    expect(foreign.body).toContain('invalid_request_uri');
    expect(foreign.body).not.toContain(acme.redirectUri);
    const own = await authorize(acme.clientId, requestUri);
    expect(own.status).toBe(303);
    expect(own.headers.get('location')).toContain('legacy-acme');
  });

  it('lie sealed in the database, under no name that was given out', async () => {
    const marker = 'state-that-nobody-else-has';
    const requestUri = String(members(await push(acme, { state: marker }))['request_uri']);
    const rows = await world.database.db('sealed_references').select();
    expect(rows.length).toBeGreaterThan(0);
    const stored = rows.map((row: Record<string, unknown>) =>
      Object.values(row)
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
        .join(' '),
    );
    expect(stored.join('\n')).not.toContain(marker);
    expect(stored.join('\n')).not.toContain(requestUri.split(':').at(-1));
  });

  it('log a user in without telling the browser what was asked', async () => {
    const { url, state } = acme.request();
    const answer = await ask(`${world.proxy.issuer}/oidc/par`, {
      headers: { authorization: acme.basic, 'content-type': 'application/x-www-form-urlencoded' },
      body: url.searchParams.toString(),
    });
    const start = new URL(`${world.proxy.issuer}/oidc/authorize`);
    start.search = new URLSearchParams({
      client_id: acme.clientId,
      request_uri: String(members(answer)['request_uri']),
    }).toString();
    const callback = await new Browser().login(start, { username: 'alice' });
    expect(callback.searchParams.get('state')).toBe(state);
  });
});

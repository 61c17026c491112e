/*
 * With the front channel `callback` the upstream sends browsers to an address of
 * ours that everybody can call. An answer that another server made, that belongs to
 * another login, or comes in another browser, must end there.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { status } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
let relayed: VendorByHand;
beforeAll(async () => {
  world = await createWorld(
    [
      { id: 'acme', client: { response_types: ['code', 'code id_token'] } },
      { id: 'relayed', client: { front_channel: 'relay' } },
      { id: 'gone' },
    ],
    { environment: { FRONT_CHANNEL: 'callback' } },
  );
  acme = vendorByHand(world, 'acme');
  relayed = vendorByHand(world, 'relayed');
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

/** Our `state` of a login that this browser has begun. */
async function begun(browser: Browser, vendor = acme, changes: Record<string, string> = {}) {
  const { location } = await browser.open(vendor.request(changes).url);
  const state = location?.searchParams.get('state');
  if (state === null || state === undefined) throw new Error('the login did not begin');
  return state;
}

function answered(browser: Browser, parameters: Readonly<Record<string, string>>) {
  const address = new URL(`${world.proxy.issuer}/oidc/callback`);
  address.search = new URLSearchParams(parameters).toString();
  return browser.open(address);
}

const iss = () => world.upstream.issuer;

describe('an answer at our callback goes nowhere', () => {
  it.each<[string, (state: string) => Record<string, string>]>([
    ['without a state', () => ({ code: 'c' })],
    ['with a state of somebody’s making', () => ({ state: 'made-up', code: 'c' })],
    ['with an error for nobody', () => ({ error: 'access_denied' })],
    ['with neither code nor error', (state) => ({ state })],
    ['from another issuer', (state) => ({ state, code: 'c', iss: 'https://elsewhere.example' })],
    ['with a code of the relay’s that is none', () => ({ pending: 'made-up' })],
  ])('%s', async (_what, parameters) => {
    const browser = new Browser();
    const page = await answered(browser, parameters(await begun(browser)));
    expect(page).toMatchObject({ status: 400, location: undefined });
  });

  it('with a code that is longer than any', async () => {
    const browser = new Browser();
    const state = await begun(browser);
    const page = await answered(browser, { state, code: 'c'.repeat(8193), iss: iss() });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.location).toBeUndefined();
  });

  it('of a login that goes through the relay', async () => {
    const browser = new Browser();
    const state = await begun(browser, relayed);
    const page = await answered(browser, { state, code: 'c', iss: iss() });
    expect(page).toMatchObject({ status: 400, location: undefined });
  });

  it('in another browser than the one that began', async () => {
    const state = await begun(new Browser());
    const page = await answered(new Browser(), { state, code: 'c', iss: iss() });
    expect(page).toMatchObject({ status: 400, location: undefined });
  });

  it('of a client or an address that was removed since the login began', async () => {
    const browser = new Browser();
    const gone = vendorByHand(world, 'gone');
    const state = await begun(browser, gone);
    const entry = {
      ...{ client_id: gone.clientId, redirect_uris: ['https://moved.example/cb'] },
      ...{ client_secret: gone.secret, upstream: { client_id: 'legacy-gone', client_secret: 's' } },
    };
    await world.proxy.apply([{ id: 'gone', clients: [entry] }]);
    const page = await answered(browser, { state, code: 'c', iss: iss() });
    expect(page).toMatchObject({ status: 400, location: undefined });
  });
});

describe('a login that ends at our callback', () => {
  const errorAt = async (browser: Browser, parameters: Readonly<Record<string, string>>) => {
    const { location } = await answered(browser, parameters);
    const hash = new URLSearchParams(location?.hash.slice(1));
    return location?.searchParams.get('error') ?? hash.get('error');
  };

  it('tells a silent vendor of another browser what it tells of one without a session', async () => {
    const state = await begun(new Browser(), acme, { prompt: 'none' });
    const error = await errorAt(new Browser(), { state, code: 'c', iss: iss() });
    expect(error).toBe('login_required');
  });

  it('tells the vendor the upstream’s refusal by a standard code', async () => {
    const browser = new Browser();
    const state = await begun(browser);
    expect(await errorAt(browser, { state, error: 'access_denied' })).toBe('access_denied');
    expect(await errorAt(browser, { state, error: 'alice_is_blocked' })).toBe('server_error');
  });

  it('tells the vendor that waits for tokens to come again where the upstream is away', async () => {
    const browser = new Browser();
    const state = await begun(browser, acme, { response_type: 'code id_token' });
    world.upstream.faults.arm('token', status(503));
    const error = await errorAt(browser, { state, code: 'c', iss: iss() });
    expect(error).toBe('temporarily_unavailable');
  });

  it('tells it of a fault where the upstream’s code is none', async () => {
    const browser = new Browser();
    const state = await begun(browser, acme, { response_type: 'code id_token' });
    expect(await errorAt(browser, { state, code: 'made-up', iss: iss() })).toBe('server_error');
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { authorize } from '../support/steps.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Some vendors keep a whole session in `state`. It comes back to the letter, and
 * neither the upstream's limit for its own `state` nor the vendor's for a URL is
 * reached by what the proxy adds.
 */

/** What Node, and many a web server, takes of a request line and its headers. */
const SERVER_LIMIT = 16 * 1024;
/** What legacy providers are known to store of a state. */
const UPSTREAM_LIMIT = 2000;

let world: World;
let replica: TestProxy;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }]);
  replica = await world.proxy.replica();
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

it.each([1, 600, 1500, 4096])('a state of %i characters comes back', async (length) => {
  const state = 'é&=%41 "'.padEnd(length, 'x').slice(0, length);
  const { callback } = await authorize(world.vendor('acme'), new Browser(), 'alice', { state });
  expect(callback.searchParams.get('state')).toBe(state);
  expect(callback.searchParams.has('code')).toBe(true);
  const own = callback.href.length - new URLSearchParams({ state }).toString().length;
  expect(own).toBeLessThan(UPSTREAM_LIMIT);
  const asked = world.upstream.requests.findLast(({ url }) => url.pathname === '/auth');
  expect(asked?.url.searchParams.get('state')?.length).toBeLessThan(UPSTREAM_LIMIT);
});

it('the code of such a login is redeemed like any other', async () => {
  const state = 'x'.repeat(4000);
  const { callback, pending, party } = await authorize(
    world.vendor('acme'),
    new Browser(),
    'alice',
    { state },
  );
  expect(callback.href.length).toBeLessThan(SERVER_LIMIT);
  const tokens = await party.finish(callback, { ...pending, state });
  expect(tokens.claims['sub']).toMatch(/^[a-z2-7]{52}$/);
});

it('an error comes back with it too', async () => {
  const state = 'x'.repeat(4000);
  const { callback } = await authorize(world.vendor('acme'), new Browser(), 'alice', {
    state,
    prompt: 'none',
  });
  expect(callback.searchParams.get('error')).toBe('login_required');
  expect(callback.searchParams.get('state')).toBe(state);
});

it.each([
  ['state', 4097],
  ['nonce', 1025],
])('a %s beyond what is sensible is refused', async (name, length) => {
  const { redirectUri, clientId } = world.vendor('acme');
  const { location } = await new Browser().open(`${world.proxy.issuer}/oidc/authorize`, {
    form: {
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid',
      [name]: 'x'.repeat(length),
    },
  });
  expect(location?.searchParams.get('error')).toBe('invalid_request');
});

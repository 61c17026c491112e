/*
 * Header injection: a value of the request that ends up in a header of the answer, and
 * with a line break in it ends that header and begins another: a cookie, a redirect,
 * a page of the attacker's (response splitting). Tried through every parameter that
 * reaches a header, in every spelling that has been decoded into a line break, and
 * through what the upstream sends (RFC 9110 5.5, CWE-113).
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { INJECTED } from '../support/fuzz.ts';
import { sendRaw } from '../support/raw-http.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, loggedOutAt } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
let idToken: string;
beforeAll(async () => {
  world = await createWorld();
  acme = vendorByHand(world, 'acme');
  ({ idToken } = await acme.logIn(new Browser()));
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

/** Percent-encoded line breaks, in spellings that some decoder has taken for one. */
const BREAKS = [
  ...['%0d%0a', '%0a', '%0d', '%250d%250a', '%E5%98%8A%E5%98%8D', '%C4%8D%C4%8A', '%00'],
  ...['%E2%80%A8', '%C2%85', '%5cr%5cn', '%u000d%u000a', '%0d%0a%20', '%0b', '%0c'],
];
const injections = BREAKS.map((each) => `a${each}${INJECTED}:%201${each}set-cookie:%20a=b`);

/** The bytes of an answer to a target that is sent as it stands. */
function answerTo(target: string, ...headers: string[]): Promise<string> {
  const head = [`GET ${target} HTTP/1.1`, 'host: localhost', 'connection: close', ...headers];
  return sendRaw(Number(new URL(world.proxy.issuer).port), [...head, '', ''].join('\r\n'));
}

function expectNoneIn(received: string, what: string): void {
  const head = received.split('\r\n\r\n')[0] ?? '';
  expect(head, what).toMatch(/^HTTP\/1\.1 [234]\d\d /);
  expect(head, what).not.toMatch(new RegExp(`^${INJECTED}:`, 'im'));
  expect(head, what).not.toMatch(/^set-cookie: a=b/im);
  // Nor a bare one, which some caches and front servers take for the end of a line.
  expect(head.replaceAll('\r\n', ''), what).not.toMatch(/[\r\n\0\v\f\x85]/);
}

describe('through a request', () => {
  const authorize = (name: string) => (value: string) => {
    const { url } = acme.request({ [name]: undefined });
    return `${url.pathname}${url.search}&${name}=${value}`;
  };
  const logout = (name: string) => (value: string) => {
    const back = encodeURIComponent(loggedOutAt(acme.redirectUri));
    return `/oidc/logout?id_token_hint=${idToken}&post_logout_redirect_uri=${back}&${name}=${value}`;
  };

  it.each<[string, (value: string) => string]>([
    ...[
      ...['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'nonce', 'prompt'],
      ...['login_hint', 'ui_locales', 'acr_values', 'display', 'max_age', 'claims', 'resource'],
      ...['code_challenge', 'response_mode', 'request', 'request_uri', 'id_token_hint', 'made_up'],
    ].map((name): [string, (value: string) => string] => [`authorize ${name}`, authorize(name)]),
    ['logout state', logout('state')],
    ['logout ui_locales', logout('ui_locales')],
    ['logout client_id', logout('client_id')],
    ['callback state', (value) => `/oidc/callback?code=x&state=${value}`],
    ['callback error', (value) => `/oidc/callback?error=${value}&state=x`],
    ['device user_code', (value) => `/oidc/device?user_code=${value}`],
    ['notice', (value) => `/oidc/notice?notice=${value}`],
    ['frontchannel-logout iss', (value) => `/oidc/frontchannel-logout?iss=${value}&sid=x`],
    ['webfinger resource', (value) => `/.well-known/webfinger?resource=acct:${value}&rel=x`],
    ['account callback', (value) => `/account/callback?error=${value}&state=${value}`],
    ['a client id in a path', (value) => `/oidc/register/${value}`],
    ['an address of ours', (value) => `/oidc/${value}`],
    ['an address of the relay', (value) => `/interaction/${value}`],
    ['a query of the relay', (value) => `/interaction/x?y=${value}`],
  ])('%s begins no header', async (_what, target) => {
    for (const value of injections) expectNoneIn(await answerTo(target(value)), value);
  });

  it.each(['x-request-id', 'traceparent', 'origin', 'referer', 'cookie', 'authorization', 'dpop'])(
    'the header %s begins no header',
    async (name) => {
      for (const value of [...injections, `a\x85${INJECTED}: 1`, `a\xe5\x98\x8a${INJECTED}: 1`]) {
        expectNoneIn(await answerTo('/oidc/userinfo', `${name}: ${value}`), value);
        expectNoneIn(await answerTo(authorize('state')('s'), `${name}: ${value}`), value);
      }
    },
  );

  it('a state with line breaks comes back to the letter, encoded', async () => {
    const state = `a\r\n${INJECTED}: 1\r\n\r\n<script>`;
    const { url } = acme.request({ state });
    const callback = await new Browser().login(url, { username: 'alice' });
    expect(callback.searchParams.get('state')).toBe(state);
    expect(callback.href).not.toMatch(/[\r\n]/);
  });
});

describe('through the upstream', () => {
  it.each(BREAKS)('an error with %s begins no header', async (each) => {
    const browser = new Browser();
    await acme.begin(browser);
    const { location } = await browser.open(acme.request({ prompt: 'login' }).url);
    const fault = altered((answer, { url }) => {
      const back = url.searchParams.get('redirect_uri') ?? '';
      const state = encodeURIComponent(url.searchParams.get('state') ?? '');
      const error = `a${each}${INJECTED}:%201`;
      const query = `error=${error}&error_description=${error}&state=${state}`;
      return { ...answer, status: 302, headers: { location: `${back}?${query}` } };
    });
    world.upstream.faults.arm('authorize', fault, 1);
    const target = `${location?.pathname ?? ''}${location?.search ?? ''}`;
    const cookie = await browser.jar.getCookieString(world.proxy.issuer);
    expectNoneIn(await answerTo(target, `cookie: ${cookie}`), each);
  });
});

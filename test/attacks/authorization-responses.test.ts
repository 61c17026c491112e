/*
 * Login CSRF and code injection: an attacker begins a login and lets the victim's
 * browser finish it, or lets the victim begin and finishes it himself; then one of
 * them is logged in as the other. Mix-up: an answer of one party is taken for that
 * of another. Both are answers that do not belong to the login they claim to end
 * (RFC 9700 4.4, 4.5, 4.7; RFC 9207).
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { ask, vendorByHand } from '../support/by-hand.ts';
import { expectNothingOf, expectRefused } from '../support/refused.ts';
import type { Answer as UpstreamAnswer } from '../support/upstream/answer.ts';
import {
  altered,
  authorizationErrorNamingTheUser,
  NAMING_DESCRIPTION,
} from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const FOREIGN = { status: 400, error: 'invalid_request', reason: 'response_foreign' } as const;
const MISMATCH = { status: 400, error: 'invalid_request', reason: 'browser_mismatch' } as const;

let world: World;
let acme: VendorByHand;
let bolt: VendorByHand;
beforeAll(async () => {
  world = await createWorld();
  acme = vendorByHand(world, 'acme');
  bolt = vendorByHand(world, 'bolt');
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

/** A browser in which the user is logged in at the upstream. */
async function loggedIn(username: string): Promise<Browser> {
  const browser = new Browser();
  await acme.begin(browser, username);
  return browser;
}

/** The relayed authorization request that our authorize endpoint sends a browser to. */
async function begunIn(browser: Browser, vendor = acme, prompt?: string): Promise<URL> {
  const { url } = vendor.request({ prompt });
  const { location } = await browser.open(url);
  if (location === undefined) throw new Error('the login did not begin');
  return location;
}

describe('an authorization response in another browser than the one that began', () => {
  it('is held back where the attacker began and the victim finishes', async () => {
    const victim = await loggedIn('alice');
    const link = await begunIn(new Browser());
    await expectRefused(world, MISMATCH, async () => (await victim.walk(link)).page);
  });

  it('is held back where the browser that finishes never began anything', async () => {
    const link = await begunIn(await loggedIn('alice'));
    const fresh = new Browser();
    const { page } = await fresh.walk(link);
    const fields = { username: 'alice', password: 'alice-password' };
    await expectRefused(world, MISMATCH, async () => (await fresh.submit(page, fields)).page);
  });

  it('is told as login_required where the vendor asked for no pages', async () => {
    const victim = await loggedIn('alice');
    const attacker = new Browser();
    const { url, state } = acme.request({ prompt: 'none' });
    const link = (await attacker.open(url)).location ?? '';
    await expectRefused(
      world,
      {
        status: 303,
        error: 'login_required',
        reason: 'login_required',
        redirect: { to: acme.redirectUri, state },
      },
      async () => (await victim.walk(link)).page,
    );
  });

  it('is held back whatever the attacker plants beside the cookie', async () => {
    const victim = await loggedIn('alice');
    const link = await begunIn(new Browser());
    const { page } = await victim.walk(link, { headers: { 'x-cookie': 'pairwise-browser=x' } });
    expect(page.status).toBe(400);
    expect(page.location).toBeUndefined();
  });
});

describe('an answer of the upstream that is not the answer to this login', () => {
  /** The upstream answers the authorization request with another redirect. */
  async function answeredWith(change: (location: URL) => void): Promise<() => Promise<never>> {
    const browser = await loggedIn('alice');
    const link = await begunIn(browser);
    world.upstream.faults.arm(
      'authorize',
      altered((answer) => redirected(answer, change)),
      1,
    );
    return async () => (await browser.walk(link)).page as never;
  }

  it.each<[string, (location: URL) => void]>([
    ['another iss', (url) => url.searchParams.set('iss', 'https://attacker.example')],
    ['the iss of the proxy', (url) => url.searchParams.set('iss', world.proxy.issuer)],
    ['an empty iss', (url) => url.searchParams.set('iss', '')],
    ['no state', (url) => url.searchParams.delete('state')],
    ['an empty state', (url) => url.searchParams.set('state', '')],
    ['a state of no seal', (url) => url.searchParams.set('state', 'abc')],
    ['two states', (url) => url.searchParams.append('state', 'abc')],
    [
      'the same state twice',
      (url) => url.searchParams.append('state', url.searchParams.get('state') ?? ''),
    ],
    ['neither code nor error', (url) => url.searchParams.set('code', '')],
    ["another vendor's redirect URI", (url) => void (url.port = new URL(bolt.redirectUri).port)],
  ])('is held back: %s', async (_what, change) => {
    const attempt = await answeredWith(change);
    const page = await expectRefused(world, FOREIGN, attempt);
    expectNothingOf([acme.redirectUri, bolt.redirectUri], page);
  });

  it('is held back: a code that is too long to be sealed', async () => {
    const long = 'c'.repeat(9000);
    const attempt = await answeredWith((url) => url.searchParams.set('code', long));
    const expected = { status: 502, error: 'server_error', reason: 'upstream_malformed' } as const;
    await expectRefused(world, expected, attempt);
  });

  it("is held back: another login's state", async () => {
    const elsewhere = await begunIn(new Browser(), bolt);
    const state = elsewhere.searchParams.get('state') ?? '';
    const attempt = await answeredWith((url) => url.searchParams.set('state', state));
    await expectRefused(world, FOREIGN, attempt);
  });

  it("is held back: the attacker's state for the same client", async () => {
    const state = (await begunIn(new Browser())).searchParams.get('state') ?? '';
    const attempt = await answeredWith((url) => url.searchParams.set('state', state));
    await expectRefused(world, MISMATCH, attempt);
  });

  it('loses every member that we do not know', async () => {
    const attempt = await answeredWith((url) => {
      url.searchParams.set('session_state', 'alice.session');
      url.searchParams.set('id_token', 'e30.e30.e30');
      url.searchParams.set('access_token', 'alice-access');
      url.hash = 'access_token=alice-access';
    });
    const page: { headers: Headers; status: number; body: string } = await attempt();
    const location = new URL(page.headers.get('location') ?? '');
    expect([...location.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state']);
    expect(location.hash).toBe('');
    expectNothingOf(['alice'], page);
  });

  function redirected(answer: UpstreamAnswer, change: (location: URL) => void): UpstreamAnswer {
    const location = new URL(String(answer.headers['location']));
    change(location);
    return { ...answer, headers: { ...answer.headers, location: location.href } };
  }
});

describe("the upstream's own refusal", () => {
  it.each([
    ['access_denied', 'access_denied'],
    ['temporarily_unavailable', 'temporarily_unavailable'],
    ['user_alice_is_locked', 'server_error'],
  ])('goes to the vendor as a standard code without words: %s', async (said, told) => {
    const browser = await loggedIn('alice');
    const { url, state } = acme.request();
    const link = (await browser.open(url)).location ?? '';
    world.upstream.faults.arm('authorize', authorizationErrorNamingTheUser(said), 1);
    await expectRefused(
      world,
      {
        status: 302,
        error: told,
        reason: 'upstream_refused',
        redirect: { to: acme.redirectUri, state },
        mayBeLogged: [NAMING_DESCRIPTION, said],
      },
      async () => (await browser.walk(link)).page,
    );
    const logged = JSON.stringify(world.proxy.log.slice(-4));
    expect(logged, 'the operator is told').toContain(NAMING_DESCRIPTION);
  });
});

describe("the upstream's code", () => {
  it('is of no use at our token endpoint, not even in the hands of its client', async () => {
    const browser = await loggedIn('alice');
    const link = await begunIn(browser);
    let upstreamCode = '';
    const spy = altered((answer) => {
      upstreamCode = new URL(String(answer.headers['location'])).searchParams.get('code') ?? '';
      return answer;
    });
    world.upstream.faults.arm('authorize', spy, 1);
    await browser.walk(link);
    expect(upstreamCode).not.toBe('');
    const expected = { status: 400, error: 'invalid_grant', reason: 'code_invalid' } as const;
    const begun = { code: upstreamCode, verifier: 'v'.repeat(43) };
    await expectRefused(world, expected, () => acme.redeem(begun), [upstreamCode]);
  });
});

describe("a login begun at the upstream's own address, through the relay", () => {
  it.each<[string, (url: URL) => void]>([
    ['without our state', (url) => url.searchParams.delete('state')],
    ['with a made-up state', (url) => url.searchParams.set('state', 'abc')],
    ["with another client's id", (url) => url.searchParams.set('client_id', 'legacy-bolt')],
    ['with another redirect URI', (url) => url.searchParams.set('redirect_uri', bolt.redirectUri)],
    ['with another scope', (url) => url.searchParams.set('scope', 'openid profile email')],
    ['with another nonce', (url) => url.searchParams.set('nonce', 'chosen')],
    ['without nonce', (url) => url.searchParams.delete('nonce')],
    ['with a response mode', (url) => url.searchParams.set('response_mode', 'fragment')],
    ['with a response type', (url) => url.searchParams.set('response_type', 'id_token token')],
    ['without our challenge', (url) => url.searchParams.delete('code_challenge')],
    ['with a login hint', (url) => url.searchParams.set('login_hint', 'bob')],
    ['with claims', (url) => url.searchParams.set('claims', '{"id_token":{"email":null}}')],
    ['with two scopes', (url) => url.searchParams.append('scope', 'openid')],
  ])('is refused %s', async (_what, change) => {
    const browser = await loggedIn('alice');
    const link = await begunIn(browser);
    const asked = world.upstream.requests.length;
    change(link);
    const reason = _what === 'with two scopes' ? 'parameter_duplicated' : 'relay_refused';
    const expected = { status: 400, error: 'invalid_request', reason } as const;
    await expectRefused(world, expected, () => ask(link));
    expect(world.upstream.requests.length).toBe(asked);
  });
});

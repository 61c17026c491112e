/*
 * An attacker who makes the proxy answer to an address of his own gets the code
 * of whoever follows his link. So the redirect URI is compared to the letter (RFC
 * 9700 2.1), nothing is ever sent to one that is not registered, and every
 * parameter that would move the answer or the identity elsewhere is refused.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Reason } from '../../src/errors.ts';
import { Browser } from '../support/browser.ts';
import type { Changes, VendorByHand } from '../support/by-hand.ts';
import { ask, member, vendorByHand } from '../support/by-hand.ts';
import type { Expected } from '../support/refused.ts';
import { expectRefused } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
let spa: VendorByHand;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme' },
    { id: 'bolt' },
    { id: 'spa', authentication: 'public' },
  ]);
  acme = vendorByHand(world, 'acme');
  spa = vendorByHand(world, 'spa');
});
afterAll(() => world.close());

describe('where an answer may go', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }, 'client_unknown'],
    ["the upstream's name for the client", { client_id: 'legacy-acme' }, 'client_unknown'],
    ['a client id in other letter case', { client_id: 'ACME-web' }, 'client_unknown'],
    ['no client', { client_id: undefined }, 'parameter_missing'],
    ['no redirect URI', { redirect_uri: undefined }, 'parameter_missing'],
  ] as const)('refuses %s on a page of ours', async (_what, changes, reason) => {
    await expectPage(reason, changes);
  });

  const near: readonly [string, (uri: string) => string][] = [
    ['another host', () => 'https://attacker.example/callback'],
    ["another client's", () => world.vendor('bolt').redirectUri],
    ['a prefix', (uri) => uri.slice(0, -1)],
    ['a suffix', (uri) => `${uri}x`],
    ['a path below', (uri) => `${uri}/more`],
    ['a trailing slash', (uri) => `${uri}/`],
    ['other letter case', (uri) => uri.replace('callback', 'Callback')],
    ['a scheme in upper case', (uri) => uri.replace('http:', 'HTTP:')],
    ['an extra query', (uri) => `${uri}?next=https://attacker.example`],
    ['an empty query', (uri) => `${uri}?`],
    ['a fragment', (uri) => `${uri}#x`],
    ['user information', (uri) => uri.replace('://', '://user@')],
    [
      'the host as user information',
      (uri) => uri.replace('/callback', '@attacker.example/callback'),
    ],
    ['another port', (uri) => uri.replace(/:(\d+)\//, (_all, port) => `:${Number(port) + 1}/`)],
    ['no port', (uri) => uri.replace(/:\d+\//, '/')],
    ['another name of the host', (uri) => uri.replace('127.0.0.1', 'localhost')],
    ['another spelling of the host', (uri) => uri.replace('127.0.0.1', '127.1')],
    ['dot segments', (uri) => uri.replace('/callback', '/x/../callback')],
    ['encoded dot segments', (uri) => uri.replace('/callback', '/x/%2e%2e/callback')],
    ['an encoded letter', (uri) => uri.replace('/callback', '/%63allback')],
    ['a backslash', (uri) => uri.replace('/callback', '\\callback')],
    ['a doubled slash', (uri) => uri.replace('/callback', '//callback')],
    ['white space around', (uri) => ` ${uri} `],
    ['a line break', (uri) => `${uri}\r\nlocation: https://attacker.example`],
    ['a null byte', (uri) => `${uri}\0`],
    [
      'a host that only begins alike',
      (uri) => uri.replace('127.0.0.1', '127.0.0.1.attacker.example'),
    ],
    ['javascript', () => 'javascript:alert(1)'],
    ['a relative address', () => '/callback'],
    ['the out-of-band address', () => 'urn:ietf:wg:oauth:2.0:oob'],
  ];
  it.each(near)('refuses a redirect URI that is %s, on a page of ours', async (_what, spell) => {
    await expectPage('redirect_uri_unregistered', { redirect_uri: spell(acme.redirectUri) });
  });

  async function expectPage(reason: Reason, changes: Changes): Promise<void> {
    const asked = world.upstream.requests.length;
    const expected = { status: 400, error: 'invalid_request', reason } as const;
    const { url } = acme.request(changes);
    const page = await expectRefused(world, expected, () => ask(url));
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.body).not.toContain('attacker.example');
    const inForm = { 'content-type': 'application/x-www-form-urlencoded' };
    await expectRefused(world, expected, () =>
      ask(`${url.origin}${url.pathname}`, { headers: inForm, body: url.search.slice(1) }),
    );
    expect(world.upstream.requests.length).toBe(asked);
  }

  it.each(['client_id', 'redirect_uri'])('refuses two of %s on a page of ours', async (name) => {
    const { url } = acme.request();
    const good = url.searchParams.get(name) ?? '';
    for (const value of [good, 'https://attacker.example/']) {
      const doubled = new URL(url);
      doubled.searchParams.append(name, value);
      const expected: Expected = {
        status: 400,
        error: 'invalid_request',
        reason: 'parameter_duplicated',
      };
      await expectRefused(world, expected, () => ask(doubled));
    }
  });
});

describe('what is sent back to the vendor, with its state and our iss', () => {
  const invalid = 'invalid_request';
  it.each<[string, Changes, string, Reason]>([
    ['no response type', { response_type: undefined }, invalid, 'parameter_missing'],
    ['an empty response type', { response_type: '' }, invalid, 'parameter_missing'],
    ['token', { response_type: 'token' }, 'unsupported_response_type', 'response_type_unsupported'],
    [
      'code with a blank',
      { response_type: 'code ' },
      'unsupported_response_type',
      'response_type_unsupported',
    ],
    ['web_message', { response_mode: 'web_message' }, invalid, 'response_mode_unsupported'],
    [
      'a request object',
      { request: 'eyJhbGciOiJub25lIn0.e30.' },
      'request_not_supported',
      'request_object_unsupported',
    ],
    [
      'an empty request object',
      { request: '' },
      'request_not_supported',
      'request_object_unsupported',
    ],
    [
      'a request URI',
      { request_uri: 'https://attacker.example/r' },
      'request_uri_not_supported',
      'request_uri_unsupported',
    ],
    ['claims that are no JSON', { claims: '{' }, invalid, 'request_malformed'],
    ['claims that are a list', { claims: '[]' }, invalid, 'request_malformed'],
    ['no scope', { scope: undefined }, 'invalid_scope', 'scope_invalid'],
    ['a scope without openid', { scope: 'profile' }, 'invalid_scope', 'scope_invalid'],
    ['prompt none and more', { prompt: 'none login' }, invalid, 'request_malformed'],
    ['a max_age of words', { max_age: 'soon' }, invalid, 'request_malformed'],
    ['a negative max_age', { max_age: '-1' }, invalid, 'request_malformed'],
    ['PKCE method plain', { code_challenge_method: 'plain' }, invalid, 'pkce_required'],
    ['PKCE without method', { code_challenge_method: undefined }, invalid, 'pkce_required'],
    ['an unknown PKCE method', { code_challenge_method: 'S512' }, invalid, 'pkce_required'],
    ['a method without challenge', { code_challenge: undefined }, invalid, 'pkce_required'],
    ['a short challenge', { code_challenge: 'abc' }, invalid, 'pkce_required'],
    [
      'a challenge with padding',
      { code_challenge: `${'a'.repeat(43)}=` },
      invalid,
      'pkce_required',
    ],
  ])('refuses %s', async (_what, changes, error, reason) => {
    await expectSentBack(acme, changes, error, reason);
  });

  it('refuses a public client without PKCE', async () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined };
    await expectSentBack(spa, none, invalid, 'pkce_required');
  });

  async function expectSentBack(
    vendor: VendorByHand,
    changes: Changes,
    error: string,
    reason: Reason,
  ): Promise<void> {
    const asked = world.upstream.requests.length;
    const { url, state } = vendor.request(changes);
    const redirect = { to: vendor.redirectUri, state };
    await expectRefused(world, { status: 303, error, reason, redirect }, () => ask(url));
    expect(world.upstream.requests.length).toBe(asked);
  }

  it.each(['scope', 'nonce', 'response_type', 'prompt', 'made_up'])(
    'refuses two of %s',
    async (name) => {
      const { url, state } = acme.request();
      url.searchParams.append(name, 'code');
      url.searchParams.append(name, 'code');
      const expected: Expected = {
        status: 303,
        error: invalid,
        reason: 'parameter_duplicated',
        redirect: { to: acme.redirectUri, state },
      };
      await expectRefused(world, expected, () => ask(url));
    },
  );

  it('refuses two states, and gives back neither', async () => {
    const { url, state } = acme.request();
    url.searchParams.append('state', 'another');
    const answer = await ask(url);
    const location = new URL(answer.headers.get('location') ?? '');
    expect(location.searchParams.get('error')).toBe(invalid);
    expect(location.href).not.toContain(state);
    expect(location.searchParams.has('state')).toBe(false);
  });

  it.each(['state', 'nonce'])(
    'refuses a %s that is too long to be carried through a login',
    async (name) => {
      const long = 's'.repeat(50_000);
      const { url, state } = acme.request({ [name]: long });
      const expected: Expected = {
        status: 303,
        error: invalid,
        reason: 'request_malformed',
        redirect: { to: acme.redirectUri, state: name === 'state' ? undefined : state },
      };
      const inForm = { 'content-type': 'application/x-www-form-urlencoded' };
      await expectRefused(world, expected, () =>
        ask(`${url.origin}${url.pathname}`, { headers: inForm, body: url.search.slice(1) }),
      );
    },
  );

  it('refuses text that is not UTF-8, so that no state comes back changed', async () => {
    const { url } = acme.request();
    const broken = `${url.href}&made_up=%ff%fe`;
    const expected = { status: 400, error: invalid, reason: 'request_malformed' } as const;
    await expectRefused(world, expected, () => ask(broken));
  });
});

describe('what ought not to disturb a login', () => {
  it('carries the longest state and nonce to the end', async () => {
    const state = 's'.repeat(4096);
    const nonce = 'n'.repeat(1024);
    const begun = await acme.begin(new Browser(), 'alice', { state, nonce });
    expect(begun.callback.searchParams.get('state')).toBe(state);
    const answer = await acme.redeem(begun);
    expect(decodeJwt(member(answer, 'id_token'))['nonce']).toBe(nonce);
  });

  it('keeps the registered query and any state to the letter', async () => {
    const state = `"<>&=+ %25 é \u{1F600} ${'x'.repeat(1500)}`;
    const { url } = acme.request({ state });
    const answer = await ask(url);
    expect(answer.status).toBe(303);
    const refused = await ask(acme.request({ state, scope: 'none' }).url);
    const location = new URL(refused.headers.get('location') ?? '');
    expect(location.searchParams.get('state')).toBe(state);
  });
});

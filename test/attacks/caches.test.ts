/*
 * Caches and front servers between us and the browser. Poisoning: an answer made for
 * the attacker's request, with a host, a header or a parameter of his in it, is kept
 * and served to everybody. Deception: a private answer is kept because its address
 * looks like that of a picture. And what a client or a front server claims of host and
 * scheme changes no address that we tell (RFC 9111, CWE-644).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Tokens, VendorByHand } from '../support/by-hand.ts';
import { ask, members, vendorByHand } from '../support/by-hand.ts';
import { createAccountWorld, logInToAccount } from '../support/account.ts';
import { sendRaw } from '../support/raw-http.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { World } from '../support/world.ts';

/** What is the same for everybody, and may be kept. */
const PUBLIC = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oidc/jwks',
  '/account/style.css',
];

let world: World;
let behind: TestProxy;
let acme: VendorByHand;
let tokens: Tokens;
beforeAll(async () => {
  world = await createAccountWorld();
  behind = await world.proxy.replica({ TRUSTED_PROXIES: '127.0.0.1/32' });
  acme = vendorByHand(world, 'acme');
  tokens = await acme.logIn(new Browser());
});
afterAll(async () => {
  await behind.close();
  await world.close();
});

/** What an attacker says of himself, that no cache has in its key. */
const UNKEYED: Readonly<Record<string, string>> = {
  'x-forwarded-host': 'attacker.example',
  'x-forwarded-server': 'attacker.example',
  'x-forwarded-scheme': 'http',
  'x-forwarded-proto': 'http',
  'x-forwarded-port': '1',
  'x-forwarded-prefix': '/attacker',
  'x-forwarded-for': '192.0.2.1',
  'x-original-host': 'attacker.example',
  'x-host': 'attacker.example',
  'x-original-url': '/attacker',
  'x-rewrite-url': '/attacker',
  'x-http-method-override': 'POST',
  forwarded: 'host=attacker.example;proto=http',
  origin: 'https://attacker.example',
  referer: 'https://attacker.example/',
  cookie: 'pairwise-browser=attacker; lang=attacker',
  'accept-language': 'attacker',
  'user-agent': 'attacker',
  range: 'bytes=0-3',
  authorization: 'Bearer attacker',
  via: '1.1 attacker',
};

describe.each([
  ['that trusts nobody', () => world.proxy],
  ['behind a front server that it trusts', () => behind],
])('a proxy %s', (_what, proxy) => {
  it.each(PUBLIC)('tells everybody the same at %s, whatever a request says', async (path) => {
    const { issuer } = proxy();
    const plain = await ask(`${issuer}${path}`);
    expect(plain.status).toBe(200);
    for (const [name, value] of Object.entries(UNKEYED)) {
      const answer = await ask(`${issuer}${path}`, { headers: { [name]: value } });
      expect([answer.status, answer.body], name).toEqual([200, plain.body]);
      expect(JSON.stringify([...answer.headers]), name).not.toContain('attacker');
      expect(answer.headers.get('set-cookie'), name).toBeNull();
    }
    const query = await ask(`${issuer}${path}?x=attacker&utm_source=attacker`);
    expect(query.body).toBe(plain.body);
  });

  it.each([
    'attacker.example',
    'localhost:1@attacker.example',
    'localhost, attacker.example',
    'attacker.example:80/x?',
    '',
  ])('keeps its addresses with the host %j', async (host) => {
    const { issuer } = proxy();
    const port = Number(new URL(issuer).port);
    for (const path of [
      '/.well-known/openid-configuration',
      acme.request().url.pathname,
      '/account/login',
    ]) {
      const { search } = acme.request().url;
      const target = path === '/oidc/authorize' ? path + search : path;
      const received = await sendRaw(
        port,
        `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
      );
      expect(received).not.toContain('attacker');
      expect(received).toMatch(/^HTTP\/1\.1 (?:200|303|400) /);
    }
  });
});

describe('what is told to one', () => {
  it.each([
    ['userinfo', 'GET', '/oidc/userinfo'],
    ['tokens', 'POST', '/oidc/token'],
    ['introspection', 'POST', '/oidc/introspect'],
    ['revocation', 'POST', '/oidc/revoke'],
    ['a pushed request', 'POST', '/oidc/par'],
    ['the beginning of a login', 'GET', '/oidc/authorize'],
    ['the end of a login', 'GET', '/oidc/callback'],
    ['a logout', 'GET', '/oidc/logout'],
    ['a frame of a logout', 'GET', '/oidc/frontchannel-logout'],
    ['a notice', 'GET', '/oidc/notice'],
    ['a device', 'GET', '/oidc/device'],
    ['a registration', 'GET', '/oidc/register/acme-web'],
    ['nothing', 'GET', '/oidc/nothing'],
    ['an account', 'GET', '/account'],
    ['a wrong method', 'DELETE', '/oidc/jwks'],
  ])('is kept by nobody: %s', async (_what, method, path) => {
    const authorization = path === '/oidc/userinfo' ? `Bearer ${tokens.accessToken}` : acme.basic;
    const search = path === '/oidc/authorize' ? acme.request().url.search : '';
    const answer = await ask(`${world.proxy.issuer}${path}${search}`, {
      ...{ method, headers: { authorization } },
    });
    expect(answer.headers.get('cache-control'), String(answer.status)).toBe('no-store');
  });

  it('is not told at an address that looks like a file (cache deception)', async () => {
    const headers = { authorization: `Bearer ${tokens.accessToken}` };
    const browser = new Browser();
    const page = await logInToAccount(world, browser);
    expect(page.body).toContain('Vendor acme');
    const { issuer } = world.proxy;
    const cookie = await browser.jar.getCookieString(issuer);
    expect(members(await ask(`${issuer}/oidc/userinfo`, { headers }))).toHaveProperty('sub');
    for (const own of ['/oidc/userinfo', '/account']) {
      for (const ending of [
        '/a.css',
        '.css',
        ';a.css',
        '%2fa.css',
        '/..%2fa.css',
        '%0aa.css',
        '%00.js',
        '%3fa.css',
        '%23a.css',
      ]) {
        const path = `${own}${ending}`;
        const answer = await ask(`${issuer}${path}`, {
          headers: own === '/account' ? { cookie } : headers,
        });
        expect([400, 404], path).toContain(answer.status);
        expect(answer.body, path).not.toContain('Vendor acme');
        expect(answer.headers.get('cache-control'), path).toBe('no-store');
      }
    }
  });

  it('a login page is kept by nobody either', async () => {
    const browser = new Browser();
    const { page } = await browser.walk(acme.request().url);
    expect(page.forms.length).toBeGreaterThan(0);
    expect(page.headers.get('cache-control')).toContain('no-store');
  });
});

describe('cookies of somebody else (cookie tossing)', () => {
  const cookieOf = (browser: Browser): Promise<string> =>
    browser.jar.getCookieString(world.proxy.issuer);

  it('planted before the user’s own, they end a login rather than swap it', async () => {
    const attacker = new Browser();
    const begun = await attacker.open(acme.request().url);
    const victim = new Browser();
    await acme.begin(victim);
    const planted = (await cookieOf(attacker))
      .split('; ')
      .find((each) => each.startsWith('pairwise-browser='));
    const own = await cookieOf(victim);
    // The attacker's link, in a browser that has the victim's cookie first and his beside it.
    const answer = await ask(begun.location ?? '', { headers: { cookie: `${own}; ${planted}` } });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
  });

  it('of a browser are taken by name to the letter', async () => {
    const browser = new Browser();
    const { location } = await browser.open(acme.request().url);
    await acme.begin(browser);
    const cookies = await cookieOf(browser);
    const own = cookies.split('; ').find((each) => each.startsWith('pairwise')) ?? '';
    const rest = cookies.replace(own, 'x=y');
    const value = own.split('=')[1] ?? '';
    for (const forged of [
      `Pairwise-Browser=${value}`,
      `pairwise-browser =${value}x`,
      `pairwise-browser="${value}A"`,
      `pairwise-browser=${value.slice(1)}`,
      `__Host-pairwise-browser=${value}`,
      `=pairwise-browser=${value}`,
    ]) {
      const answer = await ask(location ?? '', { headers: { cookie: `${rest}; ${forged}` } });
      expect(answer.status, forged).toBe(400);
    }
    const good = await ask(location ?? '', { headers: { cookie: `${rest}; ${own}` } });
    expect(good.headers.get('location') ?? '').toContain(acme.redirectUri);
  });
});

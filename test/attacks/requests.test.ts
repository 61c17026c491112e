/*
 * Two programs that read one request differently are a way round each of them: a
 * parameter that stands twice, a body that is not what its type says, an address
 * that the router reads as a page of the upstream and the upstream as an endpoint
 * of ours, a length that two parsers measure differently (RFC 9112 11.2, RFC 6749
 * 3.1 and 3.2, RFC 6750 2.3).
 */
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Reason } from '../../src/errors.ts';
import { Browser } from '../support/browser.ts';
import { ask, vendorByHand } from '../support/by-hand.ts';
import type { Tokens, VendorByHand } from '../support/by-hand.ts';
import { sendRaw, statusLines } from '../support/raw-http.ts';
import { expectRefused, expectServing } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let world: World;
let acme: VendorByHand;
let tokens: Tokens;
let issuer: string;
beforeAll(async () => {
  world = await createWorld();
  acme = vendorByHand(world, 'acme');
  tokens = await acme.logIn(new Browser());
  issuer = world.proxy.issuer;
});
afterAll(() => world.close());

const asked = (): number => world.upstream.requests.length;

/** The request is refused, and the upstream hears nothing of it. */
async function refuse(
  path: string,
  options: Parameters<typeof ask>[1],
  [status, error, reason]: readonly [number, string, Reason],
): Promise<void> {
  const before = asked();
  await expectRefused(world, { status, error, reason }, () => ask(`${issuer}${path}`, options), [
    tokens.accessToken,
    tokens.refreshToken,
  ]);
  expect(asked(), 'the upstream is not asked').toBe(before);
}

function basicForm(headers: Record<string, string> = {}): Record<string, string> {
  return { ...FORM, authorization: acme.basic, ...headers };
}

describe('a form of the token endpoint', () => {
  const refresh = (): string =>
    new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: tokens.refreshToken,
    }).toString();
  const MALFORMED = [400, 'invalid_request', 'request_malformed'] as const;

  it.each(['grant_type', 'refresh_token', 'scope', 'client_id', 'made_up'])(
    'is refused with two of %s',
    async (name) => {
      const body = `${refresh()}&${name}=a&${name}=a`;
      const expected = [400, 'invalid_request', 'parameter_duplicated'] as const;
      await refuse('/oidc/token', { headers: basicForm(), body }, expected);
    },
  );

  it.each([
    ['without a grant type', 'refresh_token=x', [400, 'invalid_request', 'parameter_missing']],
    ['with an empty grant type', 'grant_type=', [400, 'invalid_request', 'parameter_missing']],
    ['empty', '', [400, 'invalid_request', 'parameter_missing']],
    ...[
      'password',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'REFRESH_TOKEN',
      'constructor',
    ].map(
      (type) =>
        [
          `with the grant ${type}`,
          new URLSearchParams({ grant_type: type, username: 'alice' }).toString(),
          [400, 'unsupported_grant_type', 'grant_type_unsupported'],
        ] as const,
    ),
    ...[
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:device_code',
    ].map(
      (type) =>
        [
          `with the grant ${type}, which the client did not register`,
          new URLSearchParams({ grant_type: type }).toString(),
          [400, 'unauthorized_client', 'grant_type_unauthorized'],
        ] as const,
    ),
  ] as const)('is refused %s', async (_what, body, expected) => {
    await refuse('/oidc/token', { method: 'POST', headers: basicForm(), body }, expected);
  });

  it.each([
    ['text', 'text/plain'],
    ['JSON', 'application/json'],
    ['multipart', 'multipart/form-data; boundary=x'],
    ['something that only begins alike', 'application/x-www-form-urlencoded-not'],
    ['two types', 'application/x-www-form-urlencoded, application/json'],
    ['no type', ''],
  ])('is refused when it is called %s', async (_what, type) => {
    const headers = basicForm({ 'content-type': type });
    const expected = [400, 'invalid_request', 'body_type'] as const;
    await refuse('/oidc/token', { headers, body: refresh() }, expected);
  });

  it('is refused when it is JSON', async () => {
    const headers = basicForm({ 'content-type': 'application/json' });
    const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token: 'x' });
    const expected = [400, 'invalid_request', 'body_type'] as const;
    await refuse('/oidc/token', { headers, body }, expected);
  });

  it('is refused over the limit, with and without a length, and just below it is read', async () => {
    const padded = (length: number): string =>
      `${refresh()}&pad=`.padEnd(length, 'x').slice(0, length);
    const TOO_LARGE = [413, 'invalid_request', 'body_too_large'] as const;
    const limit = 64 * 1024;
    await refuse('/oidc/token', { headers: basicForm(), body: padded(limit + 1) }, TOO_LARGE);
    await refuse('/oidc/token', { headers: basicForm(), body: padded(8 * limit) }, TOO_LARGE);
    await refuse('/oidc/userinfo', { headers: FORM, body: padded(limit + 1) }, TOO_LARGE);
    const read = await ask(`${issuer}/oidc/token`, {
      headers: basicForm(),
      body: `grant_type=nothing&pad=`.padEnd(limit, 'x'),
    });
    expect(read.body).toContain('unsupported_grant_type');
  });

  it.each(['gzip', 'deflate', 'br', 'unheard-of'])(
    'is refused compressed: %s',
    async (encoding) => {
      const headers = basicForm({ 'content-encoding': encoding });
      const body = gzipSync(Buffer.alloc(10_000_000, 'a'));
      const expected = [400, 'invalid_request', 'body_type'] as const;
      await refuse('/oidc/token', { headers, body }, expected);
    },
  );

  it.each([
    ['raw bytes', Buffer.from('grant_type=refresh_token&refresh_token=\xff\xfe', 'latin1')],
    ['an encoded half of a letter', 'grant_type=refresh_token&refresh_token=%c3'],
    ['an encoded surrogate', 'grant_type=refresh_token&refresh_token=%ed%a0%80'],
    ['an overlong slash', 'grant_type=refresh_token&refresh_token=%c0%af'],
  ])('is refused when it is not UTF-8: %s', async (_what, body) => {
    await refuse('/oidc/token', { headers: basicForm(), body }, MALFORMED);
  });
});

describe('an access token', () => {
  const MISSING = [401, 'invalid_token', 'token_missing'] as const;
  it('is not taken from the query', async () => {
    await refuse(`/oidc/userinfo?access_token=${tokens.accessToken}`, {}, MISSING);
  });

  it.each([
    ['Basic', () => acme.basic],
    ['nothing', () => 'Bearer'],
    ['two', () => `Bearer ${tokens.accessToken} ${tokens.accessToken}`],
    ['a list', () => `Bearer ${tokens.accessToken}, Bearer x`],
    ['the bare token', () => tokens.accessToken],
  ])('is not taken from a header with %s', async (_what, authorization) => {
    await refuse('/oidc/userinfo', { headers: { authorization: authorization() } }, MISSING);
  });

  it('that is bound to no key is not taken as a DPoP token', async () => {
    const headers = { authorization: `DPoP ${tokens.accessToken}` };
    await refuse('/oidc/userinfo', { headers }, [401, 'invalid_token', 'token_dpop_binding']);
  });

  it('is not taken twice: in header and form', async () => {
    const headers = { ...FORM, authorization: `Bearer ${tokens.accessToken}` };
    const body = new URLSearchParams({ access_token: tokens.accessToken }).toString();
    const expected = [400, 'invalid_request', 'request_malformed'] as const;
    await refuse('/oidc/userinfo', { headers, body }, expected);
  });

  it('is not taken twice: in the form', async () => {
    const body = `access_token=${tokens.accessToken}&access_token=${tokens.accessToken}`;
    const expected = [400, 'invalid_request', 'parameter_duplicated'] as const;
    await refuse('/oidc/userinfo', { headers: FORM, body }, expected);
  });

  it('of the upstream is refused like any other text', async () => {
    const stolen = world.upstream.requests
      .map(({ headers }) => headers.authorization ?? '')
      .find((value) => value.startsWith('Bearer '));
    await acme.userinfo(tokens.accessToken);
    const authorization =
      stolen ??
      String(
        world.upstream.requests.find(({ url }) => url.pathname === '/me')?.headers.authorization,
      );
    expect(authorization).toMatch(/^Bearer ey/);
    const expected = [401, 'invalid_token', 'token_invalid'] as const;
    await refuse('/oidc/userinfo', { headers: { authorization } }, expected);
  });
});

describe('a method that is not for an address', () => {
  const METHODS = ['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'];
  it.each([
    ...METHODS.flatMap((method) => [
      [method, '/oidc/token'],
      [method, '/oidc/userinfo'],
      [method, '/oidc/jwks'],
      [method, '/.well-known/openid-configuration'],
    ]),
    ['GET', '/oidc/token'],
    ['HEAD', '/oidc/token'],
    ['POST', '/oidc/jwks'],
    ['POST', '/.well-known/openid-configuration'],
  ] as [string, string][])('is refused: %s %s', async (method, path) => {
    if (method === 'HEAD') {
      const answer = await ask(`${issuer}${path}`, { method });
      expect([answer.status, answer.body]).toEqual([405, '']);
      return;
    }
    await refuse(path, { method }, [405, 'invalid_request', 'method_not_allowed']);
  });

  it.each([
    ['HEAD', '/oidc/jwks'],
    ['HEAD', '/.well-known/openid-configuration'],
  ])('%s %s is answered like GET, less the body', async (method, path) => {
    const answer = await ask(`${issuer}${path}`, { method });
    expect([answer.status, answer.body]).toEqual([200, '']);
  });
});

describe('an address of ours, spelled otherwise', () => {
  it.each([
    '/OIDC/token',
    '/Oidc/Token',
    '/oidc/TOKEN',
    '/oidc//token',
    '//oidc/token',
    '/./oidc/token',
    '/oidc/./token',
    '/oidc/../token',
    '/oidc/../me',
    '/x/../oidc/token',
    '/%6fidc/token',
    '/%4Fidc/token',
    '/oidc%2ftoken',
    '/oidc%2Ftoken',
    '/oidc/%2e%2e/token',
    '/oidc;x=1/token',
    '/oidc/token;x=1',
    '/oidc/token%00',
    '/oidc/token.json',
    '/oidc\\token',
    '/oidc/token/more',
    '/oidc/register/%',
    '/oidc/register/%ff',
    '/oidc/introspect',
    '/oidc/callback',
    '/oidc',
    '/oidc/',
    '/oidc.json',
    '/account',
    '/Account/x',
    '/%61ccount',
    '/.well-known/webfinger',
    '/.WELL-KNOWN/openid-configuration',
    '/.well-known',
    '/%2ewell-known/openid-configuration',
    '/x/.well-known/openid-configuration',
    '/token',
    '/TOKEN',
    '/token/',
    '/%74oken',
    '/token;x',
    '/token.json',
    '/token/introspection',
    '/me',
    '/ME',
    '/jwks',
  ])('never reaches the upstream: %s', async (path) => {
    const before = asked();
    for (const method of ['GET', 'POST']) {
      const received = await sendRaw(
        Number(new URL(issuer).port),
        `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n` +
          'content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\n\r\n',
      );
      const [status = 0] = statusLines(received);
      expect(status, `${method} ${path}: ${received}`).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(asked(), 'the upstream is not asked').toBe(before);
  });

  it('in an absolute request target is ours as well', async () => {
    const before = asked();
    const port = Number(new URL(issuer).port);
    for (const [target, status] of [
      [`http://attacker.example/oidc/jwks`, 200],
      [`http://attacker.example/token`, 400],
      [`http://[/oidc/jwks`, 404],
      ['oidc/token', 400],
      ['*', 400],
    ] as const) {
      const received = await sendRaw(
        port,
        `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      );
      expect(statusLines(received)[0], `${target}: ${received}`).toBe(status);
    }
    expect(asked()).toBe(before);
    await expectServing(world.proxy);
  });
});

describe('bytes that two parsers read differently', () => {
  const head = (lines: readonly string[]): string =>
    ['POST /oidc/token HTTP/1.1', 'host: localhost', ...lines, '', ''].join('\r\n');
  const smuggled = 'GET /oidc/jwks HTTP/1.1\r\nhost: localhost\r\n\r\n';
  it.each([
    ['length and chunks', head(['content-length: 4', 'transfer-encoding: chunked']) + `0\r\n\r\n`],
    ['two lengths', head(['content-length: 0', 'content-length: 51'])],
    ['a list of lengths', head(['content-length: 0, 51'])],
    ['a length with a sign', head(['content-length: +0'])],
    ['a length in hex', head(['content-length: 0x0'])],
    ['chunked twice', head(['transfer-encoding: chunked', 'transfer-encoding: identity'])],
    ['a coding nobody knows', head(['transfer-encoding: xchunked'])],
    ['chunked not last', head(['transfer-encoding: chunked, identity'])],
    ['a blank before the colon', head(['content-length : 0'])],
    ['a folded header', head(['transfer-encoding:', ' chunked']) + `0\r\n\r\n`],
    ['a bare line feed after a header', 'POST /oidc/token HTTP/1.1\nhost: localhost\n\n'],
    ['a bare carriage return', head(['x: a\rcontent-length: 51'])],
    ['a null byte in a header', head(['x: a\0b'])],
    ['no host', 'POST /oidc/token HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    ['a chunk of no size', head(['transfer-encoding: chunked']) + 'zz\r\n\r\n'],
    ['a chunk with a bare line feed', head(['transfer-encoding: chunked']) + '0\n\n'],
    ['a version of the future', head([]).replace('HTTP/1.1', 'HTTP/9.9')],
  ])('are refused, and what follows is not read as a request: %s', async (_what, bytes) => {
    const before = asked();
    const received = await sendRaw(Number(new URL(issuer).port), bytes + smuggled);
    expect(statusLines(received), received).toEqual([400]);
    expect(received.toLowerCase()).toContain('connection: close');
    expect(asked()).toBe(before);
    await expectServing(world.proxy);
  });

  it('refuses headers that are too large', async () => {
    const received = await sendRaw(
      Number(new URL(issuer).port),
      `GET /oidc/jwks HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(statusLines(received)).toEqual([431]);
    await expectServing(world.proxy);
  });

  it('bounds how long a client may take for its headers and its request', () => {
    // What `serve` listens with, see src/serve.ts: the defaults of node:http.
    const server = createServer();
    expect(server.headersTimeout).toBeGreaterThan(0);
    expect(server.headersTimeout).toBeLessThanOrEqual(60_000);
    expect(server.requestTimeout).toBeGreaterThan(0);
    expect(server.requestTimeout).toBeLessThanOrEqual(300_000);
    expect(server.keepAliveTimeout).toBeGreaterThan(0);
  });
});

describe('a peer that nobody trusts', () => {
  it('changes neither our addresses nor the request id by what it claims', async () => {
    const headers = {
      'x-forwarded-host': 'attacker.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/attacker',
      'x-request-id': 'chosen-by-the-attacker',
      'x-original-url': '/oidc/jwks',
      'x-rewrite-url': '/oidc/jwks',
      'x-http-method-override': 'DELETE',
      forwarded: 'host=attacker.example;proto=https',
      host: 'attacker.example',
    };
    const document = await ask(`${issuer}/.well-known/openid-configuration`, { headers });
    expect(document.status).toBe(200);
    expect(document.body).not.toContain('attacker');
    expect(document.headers.get('x-request-id')).not.toContain('chosen');
    const begun = await ask(acme.request().url, { headers });
    const location = new URL(begun.headers.get('location') ?? '');
    expect(location.origin).toBe(new URL(issuer).origin);
    expect(begun.headers.get('set-cookie')).not.toContain('attacker');
    const page = await ask(location, { headers });
    expect(`${page.headers.get('location')}${page.body}`).not.toContain('attacker');
    const last = world.upstream.requests.at(-1);
    const { 'x-request-id': _harmless, ...passed } = last?.headers ?? {};
    expect(JSON.stringify(passed)).not.toContain('attacker');
    expect(Object.keys(passed)).not.toContain('x-http-method-override');
    expect(Object.keys(passed)).not.toContain('x-original-url');
  });
});

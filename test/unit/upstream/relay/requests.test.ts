import { afterEach, describe, expect, test } from 'vitest';

import { FEDERATION, openWorld, type World, type WorldOptions } from './world.ts';

let world: World;
const open = async (options?: WorldOptions) => (world = await openWorld(options));
afterEach(() => world.close());

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('what a browser on a login page never sends is refused before the upstream hears of it', () => {
  test.each([
    ['an Authorization header', { path: '/', headers: { authorization: 'Basic eA==' } }, 400],
    ['client_secret in the query', { path: '/x?client_secret=s' }, 400],
    ['an encoded name', { path: '/x?client%5Fsecret=s' }, 400],
    ['an array-like name', { path: '/x?grant_type[]=refresh_token' }, 400],
    [
      'a grant in a form',
      { method: 'POST', path: '/x', headers: FORM, body: 'a=1&grant_type=x' },
      400,
    ],
    [
      'an assertion in a form',
      { method: 'POST', path: '/x', headers: FORM, body: 'client%5fassertion=x' },
      400,
    ],
    [
      'a grant in JSON',
      {
        method: 'POST',
        path: '/x',
        headers: { 'content-type': 'application/json' },
        body: '{"a":{"grant\\u005ftype":"x"}}',
      },
      400,
    ],
    [
      'a form too large to look at',
      { method: 'POST', path: '/x', headers: FORM, body: 'a'.repeat(300_000) },
      413,
    ],
    [
      'a compressed form',
      { method: 'POST', path: '/x', headers: { ...FORM, 'content-encoding': 'gzip' }, body: 'x' },
      400,
    ],
    [
      'a form in another charset',
      {
        method: 'POST',
        path: '/x',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' },
        body: Buffer.from('grant_type=x', 'utf16le'),
      },
      400,
    ],
    ['a body without a type', { method: 'POST', path: '/x', body: 'grant%5ftype=x' }, 400],
    ['a service worker', { path: '/sw.js', headers: { 'service-worker': 'script' } }, 400],
    ['TRACE', { method: 'TRACE', path: '/' }, 405],
    ['a CORS preflight', { method: 'OPTIONS', path: '/' }, 405],
    ['an upgrade', { path: '/', headers: { connection: 'upgrade', upgrade: 'websocket' } }, 400],
    ['a body on GET', { path: '/', headers: { 'content-length': '1' }, body: 'x' }, 400],
  ])('%s', async (_name, request, status) => {
    await open();
    expect((await world.ask(request)).status).toBe(status);
    expect(world.seen).toEqual([]);
    expect(world.logged).toHaveLength(1);
    expect((await world.get('/next')).status).toBe(200);
  });

  test('a grant in a multipart body, wherever the chunks are cut', async () => {
    await open();
    const part = '--b\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nx\r\n--b--\r\n';
    const body = `${'x'.repeat(200_000)}\r\n${part}`;
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const answer = await world.ask({ method: 'POST', path: '/x', headers, body });
    expect(answer.status).toBe(400);
    expect(world.seen).toEqual([]);
  });

  test('CONNECT', async () => {
    await open();
    expect(await world.raw('CONNECT sso.example:443 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    expect(world.seen).toEqual([]);
  });
});

describe('the upstream sees its own address', () => {
  test('in Host, Origin, Referer and X-Forwarded-*, with nothing forged by the browser', async () => {
    await open({ issuerPath: '/idp', origin: 'https://sso.legacy.example' });
    await world.get(`/idp/login?next=${encodeURIComponent(`${world.issuer}/home`)}`, {
      origin: world.ours,
      referer: `${world.issuer}/page?u=${encodeURIComponent(world.issuer)}`,
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'evil.example',
      'x-original-url': '/token',
      'x-http-method-override': 'PUT',
      x_forwarded_host: 'evil.example',
      forwarded: 'host=evil.example',
      'x-remote-user': 'admin',
      'x-csrf-token': 'kept',
      range: 'bytes=0-1',
    });
    const [{ url, headers } = { url: '', headers: {} }] = world.seen;
    expect(url).toBe(`/login?next=${encodeURIComponent('https://sso.legacy.example/home')}`);
    expect(headers).toMatchObject({
      host: 'sso.legacy.example',
      origin: 'https://sso.legacy.example',
      referer: `https://sso.legacy.example/page?u=${encodeURIComponent('https://sso.legacy.example')}`,
      'x-forwarded-host': 'sso.legacy.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '127.0.0.1',
      'x-csrf-token': 'kept',
      'accept-encoding': 'identity',
    });
    expect(JSON.stringify(headers)).not.toMatch(/evil|203\.0\.113|original|override|remote|range/);
  });

  test('also when our no-referrer policy made the browser hide it', async () => {
    await open();
    await world.ask({
      method: 'POST',
      path: '/login',
      headers: { ...FORM, origin: 'null', 'sec-fetch-site': 'same-origin' },
      body: 'user=a',
    });
    expect(world.seen[0]?.headers).toMatchObject({
      origin: world.theirs,
      referer: `${world.theirs}/`,
    });
    await world.get('/x', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    expect(world.seen[1]?.headers.origin).toBe('https://evil.example');
    expect(world.seen[1]?.headers.referer).toBeUndefined();
  });

  test('in a form and in JSON, while our cookies stay with us', async () => {
    await open();
    const back = `${world.issuer}/home`;
    await world.ask({
      method: 'POST',
      path: '/login',
      headers: { ...FORM, cookie: 'sid=1; binding=ours; relayed-host-x=2' },
      body: `callback_url=${encodeURIComponent(back)}`,
    });
    expect(world.seen[0]?.body).toBe(`callback_url=${encodeURIComponent(`${world.theirs}/home`)}`);
    expect(world.seen[0]?.headers.cookie).toBe('sid=1; __Host-x=2');
    const json = { 'content-type': 'application/json' };
    await world.ask({ method: 'POST', path: '/x', headers: json, body: JSON.stringify({ back }) });
    expect(world.seen[1]?.body).toBe(JSON.stringify({ back: `${world.theirs}/home` }));
  });

  test('and gets large uploads streaming, octet by octet', async () => {
    await open();
    const body = Buffer.alloc(3_000_000, 'x\u00ff\n');
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await world.ask({ method: 'PUT', path: '/upload', headers, body })).status).toBe(200);
    expect(world.seen[0]?.body.length).toBe(3_000_000);
    expect(world.seen[0]?.body).toBe(body.toString('latin1'));
  });
});

describe('closed addresses have no other spelling', () => {
  test.each([
    '/token',
    '/token/',
    '/Token',
    '/TOKEN',
    '//token',
    '/x/../token',
    '/./token',
    '/%2e/token',
    '/x/%2E%2e/token',
    '/t%6fken',
    '/t%256fken',
    '/%2Ftoken',
    '/x%2f..%2ftoken',
    '/token;jsessionid=1',
    '/;x=1/token',
    '/token%3bx',
    '/token%20',
    '/%20token',
    '/token%00',
    '/token%0a',
    '/token.json',
    '/token\\',
    '\\token',
    '/x/..\\token',
    '/x%5c..%5ctoken',
    '/to%E2%84%AAen',
    '/%EF%BD%94oken',
    '/token%ff',
    '/token#x',
    '/token%23x',
    '/token%3fx',
    '/token?',
    '/userinfo',
    '/register/client-1',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/x',
    '/realms/x/.Well-Known/openid-configuration',
    '/%2ewell-known/openid-configuration',
    'http://127.0.0.1/token',
    '*',
  ])('%s', async (target) => {
    await open();
    const answer = await world.raw(
      `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(world.seen).toEqual([]);
  });

  test.each(['/tokens', '/token_hint', '/my/token', '/login;jsessionid=1', '/a%20b', '/a/'])(
    'but %s is another address',
    async (path) => {
      await open();
      expect((await world.get(path)).status).toBe(200);
      expect(world.seen[0]?.url).toBe(path);
    },
  );

  test('RELAY_PATHS leave the authorize address and what they name', async () => {
    await open({ relay: { relayPaths: ['/login', '/assets/'] } });
    for (const path of ['/login', '/login/2', '/assets/a.css', '/authorize?state=good']) {
      expect((await world.get(path)).status).toBe(200);
    }
    for (const path of ['/', '/loginx', '/admin', '/Login', '/login/../admin']) {
      expect((await world.get(path)).status).toBeGreaterThanOrEqual(400);
    }
  });

  test('an issuer with a path serves nothing beside it', async () => {
    await open({ issuerPath: '/idp' });
    expect((await world.get('/idp/login')).status).toBe(200);
    expect((await world.get('/login')).status).toBe(404);
    expect((await world.get('/idpx/login')).status).toBe(404);
    expect((await world.get('/idp/token')).status).toBe(404);
    expect(world.seen.map(({ url }) => url)).toEqual(['/login']);
  });
});

describe('the authorize address answers our own requests alone', () => {
  test('by GET and by POST, byte for byte', async () => {
    await open();
    const query = `?state=good&redirect_uri=${encodeURIComponent(`${world.issuer}/account/callback`)}`;
    expect((await world.get(`/authorize${query}`)).status).toBe(200);
    const post = { method: 'POST', path: '/authorize', headers: FORM, body: 'state=good&a=1' };
    expect((await world.ask(post)).status).toBe(200);
    expect(world.seen.map(({ url, body }) => url + body)).toEqual([
      `/authorize${query}`,
      '/authorizestate=good&a=1',
    ]);
  });

  test.each([
    ['no state', { path: '/authorize?client_id=x' }],
    ['a foreign state', { path: '/authorize?state=bad' }],
    ['another spelling', { path: '/Authorize/?state=bad' }],
    ['two states', { path: '/authorize?state=good&state=bad' }],
    [
      'a state in query and body',
      { method: 'POST', path: '/authorize?state=good', headers: FORM, body: 'state=good' },
    ],
    [
      'a foreign parameter behind a semicolon',
      { path: '/authorize?state=good&x=1;redirect_uri=y' },
    ],
    [
      'a JSON body',
      {
        method: 'POST',
        path: '/authorize?state=good',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      },
    ],
    [
      'a multipart body',
      {
        method: 'POST',
        path: '/authorize?state=good',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: '--b--',
      },
    ],
    ['PUT', { method: 'PUT', path: '/authorize?state=good' }],
    ['a request below it', { path: '/authorize/x?client_id=x' }],
  ])('not %s', async (_name, request) => {
    await open();
    expect((await world.ask(request)).status).toBeGreaterThanOrEqual(400);
    expect(world.seen).toEqual([]);
  });

  test('what lies below it and asks for nothing is a page like others', async () => {
    await open();
    expect((await world.get('/authorize/interaction-1')).status).toBe(200);
  });

  test('a federation origin in a query stays as it is', async () => {
    await open();
    const path = `/login?idp=${encodeURIComponent(FEDERATION)}`;
    await world.get(path);
    expect(world.seen[0]?.url).toBe(path);
  });
});

/*
 * Request smuggling: a front server and the server behind it disagree on where a
 * request ends, so that the tail of one becomes the head of another, which nobody
 * judged. The relay takes no request whose framing can be read in two ways, and
 * frames what it sends anew.
 */
describe('request smuggling', () => {
  const smuggled = 'GET /token HTTP/1.1\r\nHost: x\r\n\r\n';
  const head = 'POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n';

  test.each([
    [
      'both framings',
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['two lengths', `${head}Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcd${smuggled}`],
    ['a length with a sign', `${head}Content-Length: +4\r\n\r\nabcd`],
    ['a bad chunk size', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`],
    ['a chunk longer than told', `${head}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`],
    ['an unknown coding', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunked not last', `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a space before the colon', `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a bare line feed', 'GET /x HTTP/1.1\nHost: x\n\n'],
    ['a folded header', `${head}X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n`],
  ])('%s reaches no upstream', async (_name, text) => {
    await open();
    await world.raw(text);
    expect(world.seen.filter(({ url }) => url !== '/x')).toEqual([]);
    expect(world.seen.filter(({ body }) => body.includes('token'))).toEqual([]);
    expect((await world.get('/next')).status).toBe(200);
  });

  test('a header that Connection names is dropped', async () => {
    await open();
    await world.raw(
      'GET /x HTTP/1.1\r\nHost: x\r\nConnection: close, x-secret\r\nX-Secret: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n',
    );
    expect(Object.keys(world.seen[0]?.headers ?? {})).not.toContain('x-secret');
    expect(world.seen[0]?.headers['te']).toBeUndefined();
    expect(world.seen[0]?.headers['keep-alive']).toBeUndefined();
  });

  test('a chunked body arrives whole', async () => {
    await open();
    await world.raw(
      `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`,
    );
    expect(world.seen[0]?.body).toBe('abcde');
  });
});

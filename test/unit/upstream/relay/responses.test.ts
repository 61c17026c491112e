import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';

import { Refusal } from '../../../../src/errors.ts';
import { FEDERATION, openWorld, page, redirect, REDIRECT_URI } from './world.ts';
import type { World, WorldOptions } from './world.ts';

const THEIRS = 'https://sso.legacy.example';
let world: World;
const open = async (options?: WorldOptions) => (world = await openWorld(options));
afterEach(() => world.close());

describe('a redirect', () => {
  test.each([
    ['relative', '../home?x=1#f', '/home?x=1#f'],
    ['from the root', '/home', '/home'],
    ['absolute', `${THEIRS}/home`, '/home'],
    ['protocol-relative', '//sso.legacy.example/home', '/home'],
    ['with user information', 'https://me@sso.legacy.example/home', '/home'],
    ['with tabs and backslashes', 'https:\\\\sso.legacy.example\t/home', '/home'],
  ])('to the upstream stays with us: %s', async (_name, location, expected) => {
    await open({ upstream: redirect(location), origin: THEIRS, issuerPath: '/idp' });
    const answer = await world.get('/idp/a/b');
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe(world.issuer + expected);
    expect(answer.body).toBe('');
  });

  test('carries our address in its parameters, however often it is encoded there', async () => {
    const twice = encodeURIComponent(encodeURIComponent(`${THEIRS}/b`));
    const location = `/login?callback_url=${encodeURIComponent(`${THEIRS}/a`)}&again=${twice}`;
    await open({ upstream: redirect(location), origin: THEIRS });
    const ours = encodeURIComponent(encodeURIComponent(`${world.issuer}/b`));
    expect((await world.get('/x')).headers.location).toBe(
      `${world.issuer}/login?callback_url=${encodeURIComponent(`${world.issuer}/a`)}&again=${ours}`,
    );
  });

  test('to a redirect URI goes where the policy sends it, judged with the browser’s cookies', async () => {
    let cookies: string | undefined;
    await open({
      upstream: redirect(`${REDIRECT_URI}?code=bare&state=good`),
      policy: {
        answer: async (_response, header) => {
          cookies = header;
          return { kind: 'redirect', location: `${REDIRECT_URI}?code=sealed` };
        },
      },
    });
    const answer = await world.get('/x', { cookie: 'binding=b; sid=1' });
    expect(answer.headers.location).toBe(`${REDIRECT_URI}?code=sealed`);
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(cookies).toBe('binding=b; sid=1');
    expect(world.seen[0]?.headers.cookie).toBe('sid=1');
  });

  test.each([
    ['a foreign response', `${REDIRECT_URI}?code=bare&state=bad`],
    ['a redirect URI without a response', REDIRECT_URI],
    ['a code for somebody else', 'https://evil.example/?code=1'],
    ['an ID token in a fragment', 'https://evil.example/#id_token=1'],
    ['an access token behind a fragment route', 'https://evil.example/#/cb?access_token=1'],
    ['a JARM response', 'https://evil.example/?response=1'],
    ['a code for a federation origin', `${FEDERATION}/?code=1`],
    ['another site', 'https://elsewhere.example/'],
    ['the same host on another port', 'https://sso.legacy.example:444/'],
    ['a host that begins alike', 'https://sso.legacy.example.evil.example/'],
    ['what is no URL', 'https://['],
    ['a script', 'javascript:alert(1)'],
    ['a data URI', 'data:text/html,<p>'],
    ['a custom scheme', 'com.vendor.app:/cb?code=1'],
    ['nothing but a scheme', 'blob:https://sso.legacy.example/x'],
  ])('to %s is held back', async (_name, location) => {
    await open({ upstream: redirect(location), origin: THEIRS });
    const answer = await world.get('/x');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body).toMatch(/^blocked: (?:relay_blocked|response_foreign)$/);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(world.logged).toHaveLength(1);
  });

  test('to a federation origin goes out unrewritten', async () => {
    const location = `${FEDERATION}/start?redirect_uri=${encodeURIComponent(`${THEIRS}/back`)}`;
    await open({ upstream: redirect(location), origin: THEIRS });
    expect((await world.get('/x')).headers.location).toBe(location);
  });

  test('that keeps the method never takes a posted password to another site', async () => {
    const location = `${REDIRECT_URI}?code=bare&state=good`;
    await open({
      upstream: (_request, response) => void response.writeHead(307, { location }).end(),
    });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = { method: 'POST', path: '/login', headers: form, body: 'password=secret' };
    const answer = await world.ask(request);
    expect(answer.status).toBe(303);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('when we have taken over the host name, leaves the host name as it is', async () => {
    let location = `${THEIRS}/home?u=${THEIRS}/x`;
    await open({
      issuer: THEIRS,
      origin: THEIRS,
      upstream: (_request, response) => void response.writeHead(302, { location }).end(),
    });
    expect((await world.get('/')).headers.location).toBe(location);
    location = `${world.theirs}/home`;
    expect((await world.get('/')).headers.location).toBe(`${THEIRS}/home`);
    location = 'http://sso.legacy.example/home';
    expect((await world.get('/')).headers.location).toBe(`${THEIRS}/home`);
  });

  test('by Refresh is judged alike', async () => {
    let refresh = `0; URL='${THEIRS}/home'`;
    await open({
      origin: THEIRS,
      upstream: (_request, response) => {
        response.writeHead(200, { refresh, 'content-type': 'text/plain' }).end('x');
      },
    });
    expect((await world.get('/')).headers['refresh']).toBe(`0; url=${world.issuer}/home`);
    refresh = '5';
    expect((await world.get('/')).headers['refresh']).toBe('5');
    refresh = '0;https://evil.example/';
    expect((await world.get('/')).body).toBe('blocked: relay_blocked');
  });
});

describe('headers', () => {
  test('pass by an allow-list', async () => {
    await open({
      origin: THEIRS,
      upstream: page('<p>', {
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
        'strict-transport-security': 'max-age=1',
        'report-to': '{}',
        'alt-svc': 'h3=":443"',
        'x-user': 'alice',
        server: 'legacy/1',
        via: '1.1 x',
        'x-powered-by': 'legacy',
        etag: '"1"',
        'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT',
        'www-authenticate': 'Negotiate',
        'referrer-policy': 'unsafe-url',
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        link: `<${THEIRS}/a.css>; rel=preload`,
        'content-security-policy': `default-src 'self' ${THEIRS}; form-action sso.legacy.example; upgrade-insecure-requests`,
      }),
    });
    const { headers } = await world.get('/');
    expect(Object.keys(headers).toSorted()).toEqual([
      'cache-control',
      'connection',
      'content-security-policy',
      'content-type',
      'date',
      'link',
      'referrer-policy',
      'transfer-encoding',
      'x-frame-options',
    ]);
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['link']).toBe(`<${world.issuer}/a.css>; rel=preload`);
    expect(headers['content-security-policy']).toBe(
      `default-src 'self' ${world.issuer}; form-action ${new URL(world.issuer).host}`,
    );
  });

  test('Set-Cookie is bound to us, and never sets a cookie of ours', async () => {
    const cookies = [
      'sid=a=b; Domain=legacy.example; Path=/; Secure; HttpOnly; SameSite=None',
      '__Host-s=1; Secure; Path=/',
      '__Secure-t=2; Path=/realm; Secure; SameSite=Strict; Max-Age=5',
      'binding=evil; Path=/',
      '__Host-binding=evil; Path=/; Secure',
      'nameless',
    ];
    await open({ issuerPath: '/idp', upstream: page('', { 'set-cookie': cookies }) });
    expect((await world.get('/idp/')).headers['set-cookie']).toEqual([
      'sid=a=b; Path=/idp; HttpOnly',
      'relayed-host-s=1; Path=/',
      'relayed-secure-t=2; Path=/idp/realm; SameSite=Strict; Max-Age=5',
    ]);
    await world.get('/idp/', { cookie: 'relayed-host-s=1; relayed-host-binding=x; binding=y' });
    expect(world.seen[1]?.headers.cookie).toBe('__Host-s=1');
  });

  test('over https, Secure, SameSite and the name prefixes stay', async () => {
    const cookie = '__Host-s=1; Path=/; Secure; SameSite=None; Partitioned';
    await open({ issuer: 'https://ours.example', upstream: page('', { 'set-cookie': cookie }) });
    expect((await world.get('/')).headers['set-cookie']).toEqual([cookie]);
  });
});

describe('bodies', () => {
  const text = `{"next":"${THEIRS}/home"}`;
  const codings = {
    gzip: gzipSync,
    'x-gzip': gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  };

  test.each(Object.entries(codings))(
    'text in %s is decoded and rewritten',
    async (name, encode) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': name };
      await open({ origin: THEIRS, upstream: page(encode(Buffer.from(text)), headers) });
      const answer = await world.get('/');
      expect(answer.body).toBe(text.replace(THEIRS, world.issuer));
      expect(answer.headers['content-encoding']).toBeUndefined();
    },
  );

  test('only codings that can be decoded are asked for', async () => {
    await open();
    await world.get('/', { 'accept-encoding': 'zstd, br;q=0.5, gzip, compress' });
    await world.get('/', { 'accept-encoding': 'gzip;q=0, dcb' });
    expect(world.seen.map(({ headers }) => headers['accept-encoding'])).toEqual([
      'gzip, br',
      'identity',
    ]);
  });

  test.each([
    ['an unknown coding', { 'content-encoding': 'compress' }],
    ['two codings', { 'content-encoding': 'gzip, br' }],
    ['UTF-16', { 'content-type': 'text/html; charset=utf-16' }],
    ['a charset with escapes', { 'content-type': 'text/html; charset="ISO-2022-JP"' }],
    ['a charset in capitals', { 'content-type': 'text/html; CHARSET=UTF-7' }],
  ])('text in %s is held back', async (_name, headers) => {
    await open({ upstream: page('x', headers) });
    const answer = await world.get('/');
    expect([answer.status, answer.body]).toEqual([502, 'blocked: upstream_encoding']);
  });

  test('UTF-16 that says it is UTF-8 is held back', async () => {
    await open({ upstream: page(Buffer.from('\ufeff<p>hello</p>', 'utf16le')) });
    expect((await world.get('/')).body).toBe('blocked: upstream_encoding');
  });

  test('what says it is compressed and is not is held back', async () => {
    await open({ upstream: page('<p>plain</p>', { 'content-encoding': 'gzip' }) });
    expect((await world.get('/')).body).toBe('blocked: upstream_encoding');
  });

  test('binary types stream untouched, with their length and validators', async () => {
    const octets = Buffer.alloc(2_000_000, `${THEIRS}/x\u0000\u00ff`);
    const headers = { 'content-type': 'image/png', etag: '"1"', 'content-length': '2000000' };
    await open({ origin: THEIRS, upstream: page(octets, headers) });
    const answer = await world.get('/logo.png');
    expect(answer.octets.equals(octets)).toBe(true);
    expect(answer.headers).toMatchObject({ ...headers, 'x-content-type-options': 'nosniff' });
  });

  test.each(['image/svg+xml', 'application/javascript', 'text/css', 'application/vnd.unknown'])(
    '%s is text',
    async (type) => {
      await open({ origin: THEIRS, upstream: page(text, { 'content-type': type }) });
      expect((await world.get('/')).body).toBe(text.replace(THEIRS, world.issuer));
    },
  );

  test('a body without a type is plain text, and no browser may think otherwise', async () => {
    await open({ origin: THEIRS, upstream: (_request, response) => void response.end(text) });
    const answer = await world.get('/');
    expect(answer.body).toBe(text.replace(THEIRS, world.issuer));
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test('an answer of many parts is held back', async () => {
    await open({
      upstream: page('x', { 'content-type': 'multipart/x-mixed-replace; boundary=b' }),
    });
    expect((await world.get('/')).body).toBe('blocked: upstream_media_type');
  });

  test('a created thing keeps its body beside its address', async () => {
    await open({
      upstream: (_request, response) => {
        response.writeHead(201, { location: '/x', 'content-type': 'application/json' }).end('{}');
      },
    });
    const answer = await world.get('/');
    expect([answer.status, answer.headers.location, answer.body]).toEqual([
      201,
      `${world.issuer}/x`,
      '{}',
    ]);
  });

  test('a part that was not asked for is held back', async () => {
    await open({ upstream: (_request, response) => void response.writeHead(206).end('x') });
    expect((await world.get('/', { range: 'bytes=0-1' })).status).toBe(502);
  });

  test.each([204, 304])('%d has no body', async (status) => {
    await open({ upstream: (_request, response) => void response.writeHead(status).end() });
    expect(await world.get('/')).toMatchObject({ status, body: '' });
  });

  test('HEAD and errors of the upstream pass', async () => {
    await open({
      upstream: (_request, response) => {
        response.writeHead(404, { 'content-type': 'text/html' }).end('<p>not here</p>');
      },
    });
    expect(await world.ask({ method: 'HEAD', path: '/' })).toMatchObject({ status: 404, body: '' });
    expect(await world.get('/')).toMatchObject({ status: 404, body: '<p>not here</p>' });
  });
});

test('while nothing is known of the upstream, its refusal is the answer', async () => {
  await open({
    relay: {
      upstream: () => {
        throw new Refusal('upstream_unavailable');
      },
    },
  });
  expect((await world.get('/')).status).toBe(503);
});

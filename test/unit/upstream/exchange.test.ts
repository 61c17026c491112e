import { once } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';

import { serveBytes, serveHttp, serveSockets, poolForTest } from './servers.ts';

const ACCEPT = ['application/json'];

function get(origin: string, path = '/') {
  return { method: 'GET', url: new URL(path, origin), accept: ACCEPT } as const;
}

describe('a good exchange', () => {
  test('sends the request as given, asks for no compression, and hands over the whole answer', async () => {
    const seen: unknown[] = [];
    const origin = await serveHttp(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push(request.method, request.url, request.headers, body);
      response.writeHead(418, { 'Content-Type': 'Application/JSON; CHARSET=UTF-8', 'X-One': '1' });
      response.end('{"a":1}');
    });
    const { exchange } = poolForTest({ headers: { 'x-forwarded-proto': 'https' } });
    const response = await exchange({
      method: 'POST',
      url: new URL('/token?x=1', origin),
      headers: { authorization: 'Basic abc' },
      body: new URLSearchParams({ code: 'ä b', grant_type: 'authorization_code' }),
      accept: ['application/json', 'application/jwt'],
    });
    expect(response).toMatchObject({ status: 418, mediaType: 'application/json' });
    expect(response.headers['x-one']).toBe('1');
    expect(response.body.toString()).toBe('{"a":1}');
    expect(seen).toMatchObject([
      'POST',
      '/token?x=1',
      {
        accept: 'application/json, application/jwt',
        'accept-encoding': 'identity',
        authorization: 'Basic abc',
        'content-type': 'application/x-www-form-urlencoded',
        'x-forwarded-proto': 'https',
      },
      'code=%C3%A4+b&grant_type=authorization_code',
    ]);
  });

  test('keeps the connection for the next exchange', async () => {
    const ports = new Set<number | undefined>();
    const origin = await serveHttp((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    const { exchange } = poolForTest({ connections: 1 });
    for (let index = 0; index < 5; index += 1) await exchange(get(origin));
    expect(ports.size).toBe(1);
  });

  test.each([
    ['application/json;', 'application/json'],
    ['application/json; charset', 'application/json'],
    ['application/json;charset="utf-8', 'application/json'],
    ['text/html; x=application/json', 'text/html'],
    ['application/json, text/html', undefined],
    ['json', undefined],
    ['', undefined],
  ])('reads the media type of %j as %j', async (header, mediaType) => {
    const origin = await serveBytes(
      `HTTP/1.1 200 OK\r\nContent-Type: ${header}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    expect((await poolForTest().exchange(get(origin))).mediaType).toBe(mediaType);
  });

  test('takes a chunked body, and one that ends with the connection', async () => {
    const chunked = await serveBytes(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
      '1\r\n}\r\n0\r\n\r\n',
    );
    const closed = await serveBytes('HTTP/1.0 200 OK\r\n\r\n', '{}');
    const { exchange } = poolForTest();
    expect((await exchange(get(chunked))).body.toString()).toBe('{}');
    expect((await exchange(get(closed))).body.toString()).toBe('{}');
  });
});

describe('bounds', () => {
  test('an upstream that never answers is cut at the deadline', async () => {
    const { origin, sockets } = await serveSockets(() => undefined);
    const { exchange } = poolForTest({ timeoutMilliseconds: 100 });
    await expect(exchange(get(origin))).rejects.toMatchObject({ reason: 'upstream_timeout' });
    const [socket] = sockets;
    if (socket !== undefined && !socket.destroyed) await once(socket, 'close');
  });

  test('an upstream that trickles, each byte in time, is cut at the deadline all the same', async () => {
    const { origin } = await serveSockets((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    const { exchange } = poolForTest({ timeoutMilliseconds: 150 });
    await expect(exchange(get(origin))).rejects.toMatchObject({ reason: 'upstream_timeout' });
  });

  test('an upstream that trickles its headers is cut too', async () => {
    const { origin } = await serveSockets((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    const { exchange } = poolForTest({ timeoutMilliseconds: 150 });
    await expect(exchange(get(origin))).rejects.toMatchObject({ reason: 'upstream_timeout' });
  });

  test('the wait for a free connection counts', async () => {
    const { origin } = await serveSockets(() => undefined);
    const { exchange } = poolForTest({ connections: 1, timeoutMilliseconds: 100 });
    const both = await Promise.allSettled([exchange(get(origin)), exchange(get(origin))]);
    expect(both).toMatchObject([
      { status: 'rejected', reason: { reason: 'upstream_timeout' } },
      { status: 'rejected', reason: { reason: 'upstream_timeout' } },
    ]);
  });

  test('a body over the limit is refused, announced or not, and one at the limit is taken', async () => {
    const origin = await serveHttp((request, response) => {
      const length = request.url === '/fits' ? 1000 : 1001;
      if (request.url === '/announced') response.setHeader('content-length', length);
      response.write('x'.repeat(length - 1));
      response.end('x');
    });
    const { exchange } = poolForTest({ maxBytes: 1000 });
    expect((await exchange(get(origin, '/fits'))).body.length).toBe(1000);
    for (const path of ['/announced', '/chunked']) {
      await expect(exchange(get(origin, path))).rejects.toMatchObject({
        reason: 'upstream_too_large',
      });
    }
  });

  test('headers without end are refused', async () => {
    const { origin } = await serveSockets((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nX-A: ${'y'.repeat(200_000)}\r\n\r\n`);
    });
    await expect(poolForTest().exchange(get(origin))).rejects.toMatchObject({
      reason: 'upstream_too_large',
    });
  });

  test('a caller that gives up ends the exchange', async () => {
    const controller = new AbortController();
    const { origin } = await serveSockets(() => controller.abort());
    await expect(
      poolForTest().exchange({ ...get(origin), signal: controller.signal }),
    ).rejects.toMatchObject({ reason: 'upstream_unavailable' });
  });
});

describe('broken answers', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
  test.each([
    ['shorter than its content-length', 'upstream_truncated', `${HEAD}Content-Length: 9\r\n\r\n{}`],
    [
      'shorter than its content-length before a close that was announced',
      'upstream_truncated',
      `${HEAD}Connection: close\r\nContent-Length: 9\r\n\r\n{}`,
    ],
    [
      'a chunked body without its end before a close that was announced',
      'upstream_truncated',
      `${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`,
    ],
    [
      'a chunked body without its end',
      'upstream_truncated',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`,
    ],
    [
      'a chunk size that is no number',
      'upstream_malformed',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    ],
    ['no HTTP at all', 'upstream_malformed', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['closed in the headers', 'upstream_unavailable', 'HTTP/1.1 200 OK\r\nContent-Ty'],
    ['closed at once', 'upstream_unavailable', ''],
    [
      'two content types',
      'upstream_media_type',
      `${HEAD}Content-Type: text/html\r\nContent-Length: 2\r\n\r\n{}`,
    ],
    [
      'two content lengths that differ',
      'upstream_truncated',
      `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `,
    ],
    [
      'a content length beside chunks',
      'upstream_truncated',
      `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ],
  ])('%s: %s', async (_what, reason, bytes) => {
    const origin = await serveBytes(bytes);
    await expect(poolForTest().exchange(get(origin))).rejects.toMatchObject({ reason });
  });

  test('a refused connection is upstream_unavailable', async () => {
    const origin = await serveHttp(() => undefined);
    const { exchange } = poolForTest();
    const closed = new URL(origin);
    closed.port = '1';
    await expect(exchange(get(closed.href))).rejects.toMatchObject({
      reason: 'upstream_unavailable',
      detail: 'ECONNREFUSED',
    });
  });

  test('no byte of the upstream reaches the refusal', async () => {
    const origin = await serveBytes('alice-secret HTTP nonsense alice-secret\r\n\r\n');
    const error: unknown = await poolForTest()
      .exchange(get(origin))
      .catch((caught: unknown) => caught);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('alice');
    expect(error).toMatchObject({ name: 'Refusal', reason: 'upstream_malformed' });
  });

  test('after a broken answer the next exchange is served', async () => {
    const { origin } = await serveSockets((socket, count) => {
      if (count === 1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}');
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
    const { exchange } = poolForTest();
    await expect(exchange(get(origin))).rejects.toMatchObject({ reason: 'upstream_truncated' });
    expect((await exchange(get(origin))).body.toString()).toBe('{}');
  });

  /**
   * Response splitting: an attacker who gets a line feed into an upstream header
   * makes it send two answers to one request. Were the second kept on the
   * connection, the next user's token request would get it.
   */
  test('an answer too many is not given to the next request', async () => {
    const { origin } = await serveSockets((socket, count) => {
      const answer = (text: string) =>
        `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
      if (count === 1) socket.write(answer('"first"') + answer('"planted"'));
      else socket.write(answer('"second"'));
    });
    const { exchange } = poolForTest({ connections: 1 });
    expect((await exchange(get(origin))).body.toString()).toBe('"first"');
    expect((await exchange(get(origin))).body.toString()).toBe('"second"');
  });
});

describe('closed connections', () => {
  const closesOnce = () =>
    serveSockets((socket, count) => {
      if (count === 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });

  test('a GET that met a closing connection is sent once more', async () => {
    const { origin, requests } = await closesOnce();
    const { exchange } = poolForTest();
    await exchange(get(origin));
    expect((await exchange(get(origin))).status).toBe(200);
    expect(requests()).toBe(3);
  });

  test('a POST is not, because codes are good only once', async () => {
    const { origin, requests } = await closesOnce();
    const { exchange } = poolForTest();
    await exchange(get(origin));
    const post = { ...get(origin), method: 'POST', body: new URLSearchParams() } as const;
    await expect(exchange(post)).rejects.toMatchObject({ reason: 'upstream_unavailable' });
    expect(requests()).toBe(2);
  });

  test('a GET is not sent a third time', async () => {
    const { origin, requests } = await serveSockets((socket) => socket.destroy());
    await expect(poolForTest().exchange(get(origin))).rejects.toMatchObject({
      reason: 'upstream_unavailable',
    });
    expect(requests()).toBe(2);
  });
});

describe('redirects', () => {
  test('are refused, and not followed, unless the request says otherwise', async () => {
    const paths: (string | undefined)[] = [];
    const origin = await serveHttp((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await expect(poolForTest().exchange(get(origin))).rejects.toMatchObject({
      reason: 'upstream_redirect',
      detail: 'status 302',
    });
    expect(paths).toEqual(['/']);
  });

  test('are followed up to three times within the origin', async () => {
    const origin = await serveHttp((request, response) => {
      const left = Number(new URL(request.url ?? '', 'http://x').searchParams.get('left'));
      if (left === 0) response.end('{}');
      else response.writeHead(307, { location: `?left=${left - 1}` }).end();
    });
    const { exchange } = poolForTest();
    const following = (path: string) => ({
      ...get(origin, path),
      redirects: 'same-origin' as const,
    });
    expect((await exchange(following('/?left=3'))).status).toBe(200);
    await expect(exchange(following('/?left=4'))).rejects.toMatchObject({
      reason: 'upstream_redirect',
    });
  });

  test.each(['http://localhost:1/', '//example.com/', 'file:///etc/passwd', 'http://[', undefined])(
    'are refused to %s',
    async (location) => {
      const origin = await serveHttp((_request, response) => {
        response.writeHead(302, location === undefined ? {} : { location }).end();
      });
      await expect(
        poolForTest().exchange({ ...get(origin), redirects: 'same-origin' }),
      ).rejects.toMatchObject({ reason: 'upstream_redirect' });
    },
  );
});

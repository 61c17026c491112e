import type { RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';

import { openWorld, page, redirect, type World, type WorldOptions } from './world.ts';

let world: World;
const extra: Server[] = [];
const open = async (options?: WorldOptions) => (world = await openWorld(options));
afterEach(async () => {
  await world.close();
  for (const server of extra.splice(0)) server.close();
});

/** An upstream that answers with these octets and then hangs up. */
async function speaking(answer: string | undefined): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      if (answer !== undefined) socket.end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  extra.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const broken: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.write(`<p>${'begin '.repeat(20_000)}`);
  response.socket?.end();
};

describe('an upstream', () => {
  test('that is down gives 503, and the next request is served when it is back', async () => {
    let target = 'http://127.0.0.1:1';
    await open();
    const { theirs } = world;
    await world.close();
    await open({
      relay: {
        upstream: () => ({
          origin: theirs,
          target,
          authorizationPath: '/authorize',
          backChannelPaths: [],
        }),
      },
    });
    expect(await world.get('/')).toMatchObject({
      status: 503,
      body: 'blocked: upstream_unavailable',
    });
    expect(world.logged).toMatchObject([{ level: 'warn', fields: { detail: 'ECONNREFUSED' } }]);
    target = world.theirs;
    expect((await world.get('/')).status).toBe(200);
  });

  test('that gives no head in time gives 503', async () => {
    const target = await speaking(undefined);
    await open({ target, relay: { timeouts: { head: 50, idle: 60_000 } } });
    expect(await world.get('/')).toMatchObject({ status: 503, body: 'blocked: upstream_timeout' });
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n', 502],
    [
      'two framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      502,
    ],
    ['nothing', '', 503],
  ])('that speaks %s gives an error page', async (_name, answer, status) => {
    await open({ target: await speaking(answer) });
    expect((await world.get('/')).status).toBe(status);
  });

  test.each([
    ['a page', broken],
    [
      'an image',
      ((_request, response) => {
        response.writeHead(200, { 'content-type': 'image/png', 'content-length': '1000' });
        response.write('begin');
        setTimeout(() => response.destroy(), 20);
      }) satisfies RequestListener,
    ],
  ])('that dies in %s breaks the browser’s connection', async (_name, upstream) => {
    await open({ upstream });
    await expect(world.get('/')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    expect(world.logged).toHaveLength(1);
  });

  test('that stops in the middle of a body is given up', async () => {
    await open({
      relay: { timeouts: { head: 10_000, idle: 100 } },
      upstream: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' });
        response.write('begin '.repeat(20_000));
      },
    });
    await expect(world.get('/')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });

  test('that sends truncated gzip breaks the connection or gives an error, never a whole page', async () => {
    const half = Buffer.from('H4sIAAAAAAAAA', 'base64');
    await open({ upstream: page(half, { 'content-encoding': 'gzip' }) });
    const answer = await world.get('/').catch(() => undefined);
    expect(answer?.status ?? 502).toBe(502);
  });
});

describe('a policy that throws', () => {
  const thrown = () => Promise.reject(new Error('the database is away'));

  test('on a redirect, gives an error page', async () => {
    await open({
      upstream: redirect('https://vendor.example/cb?code=1'),
      policy: { answer: thrown },
    });
    expect((await world.get('/')).status).toBe(500);
  });

  test('on a page, gives an error page and not the page', async () => {
    await open({
      upstream: page('<a href="https://vendor.example/cb?code=bare">'),
      policy: { answer: thrown },
    });
    const answer = await world.get('/');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('bare');
  });

  test('on an authorization request, gives an error page', async () => {
    await open({ policy: { admitsAuthorization: thrown } });
    expect((await world.get('/authorize?state=good')).status).toBe(500);
    expect(world.seen).toEqual([]);
  });
});

test('a failing error page ends the connection, not the process', async () => {
  await open({
    upstream: redirect('https://evil.example/'),
    relay: {
      renderBlocked: () => {
        throw new Error('no page');
      },
    },
  });
  await expect(world.get('/')).rejects.toThrow(/hang up|ECONNRESET/);
});

test('a browser that leaves ends the request upstream', async () => {
  let ended: () => void = () => {};
  const gone = new Promise<void>((resolve) => (ended = resolve));
  await open({
    upstream: (_request, response) => {
      response.once('close', ended);
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('begin ');
    },
  });
  const asked = fetch(`${world.ours}/`, { signal: AbortSignal.timeout(200) }).then((r) => r.text());
  await expect(asked).rejects.toThrow();
  await gone;
});

test('an endless body takes no more memory than the browser reads', async () => {
  let written = 0;
  await open({
    upstream: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const chunk = '<p>line of text</p>\n'.repeat(1000);
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
        written += chunk.length;
      };
      response.on('drain', more);
      more();
    },
  });
  const leave = new AbortController();
  const answer = await fetch(`${world.ours}/`, { signal: leave.signal });
  // The upstream must come to a stop by itself, long before what memory would hold.
  let before = -1;
  while (written !== before && written < 256_000_000) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(written).toBeLessThan(64_000_000);
  leave.abort();
  await answer.body?.cancel().catch(() => {});
});

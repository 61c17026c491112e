/*
 * Behind the proxy stands an API that believes whoever shows one of the provider's
 * access tokens, on a host with other things on it. A vendor, or a thief of its
 * tokens, wants to get there as somebody else, or elsewhere with the provider's
 * token, or wants the provider's token itself: with foreign tokens and those of
 * other clients, by paths that the proxy reads in one way and the API in another,
 * by headers that the API believes of its own front servers, without the key that
 * a token is bound to, or by an answer that outlives the grant.
 */
import { connect } from 'node:net';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Reason } from '../../src/errors.ts';
import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { ask, member, vendorByHand } from '../support/by-hand.ts';
import { DpopKey, codeForm, tokenRequest } from '../support/dpop.ts';
import type { InternalApi } from '../support/internal-api.ts';
import { json, startInternalApi } from '../support/internal-api.ts';
import { sendRaw, statusLines } from '../support/raw-http.ts';
import { expectRefused } from '../support/refused.ts';
import { basic, postForm } from '../support/steps.ts';
import { jsonIn } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

const BAD_TOKEN = { status: 401, error: 'invalid_token', reason: 'token_invalid' } as const;
const NOT_ALLOWED = { status: 403, error: 'access_denied', reason: 'api_not_allowed' } as const;
const BAD_KEY = { ...BAD_TOKEN, reason: 'token_dpop_binding' } as const;
const BAD_PROOF = {
  status: 401,
  error: 'invalid_dpop_proof',
  reason: 'token_dpop_proof',
} as const;
const BAD_ANSWER = { status: 502, error: 'server_error', reason: 'api_answer_refused' } as const;
const malformed = (reason: Reason) => ({ status: 400, error: 'invalid_request', reason }) as const;

let api: InternalApi;
let world: World;
let browser: Browser;
let acme: VendorByHand;
let token: string;
/** The provider's own access tokens, as it gave them to the proxy. */
const upstreamTokens: string[] = [];
/** Passed for the proxy. */
let seconds = 0;

beforeAll(async () => {
  api = await startInternalApi();
  world = await createWorld(
    [
      { id: 'acme', client: { internal_apis: ['orders', 'gone'] } },
      { id: 'bolt', client: { internal_apis: ['stock'] } },
      { id: 'spa', authentication: 'public', client: { internal_apis: ['orders'] } },
    ],
    {
      environment: { INTERNAL_APIS: `orders=${api.address},stock=${api.address}/stock` },
      clock: () => new Date(Date.now() + seconds * 1000),
    },
  );
  api.trust(world.upstream.issuer);
  world.upstream.faults.arm(
    'token',
    altered((answer) => {
      upstreamTokens.push(String(jsonIn(answer)['access_token']));
      return answer;
    }),
  );
  browser = new Browser();
  acme = vendorByHand(world, 'acme');
});
afterAll(async () => {
  await world.close();
  await api.close();
});
beforeEach(async () => {
  api.requests.length = 0;
  api.answers.clear();
  api.answers.set('/v1/orders', json([]));
  token = (await acme.logIn(browser)).accessToken;
});

function addressOf(rest: string): string {
  return `${world.proxy.issuer}/oidc/api/${rest}`;
}

function asked(
  presented: string,
  rest = 'orders/orders',
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const headers = { authorization: `Bearer ${presented}`, ...options.headers };
  return ask(addressOf(rest), { ...options, headers });
}

/** Refused before the API hears of it. */
async function expectKeptOut(
  expected: Parameters<typeof expectRefused>[1],
  attempt: () => Promise<Answer>,
  secrets: readonly string[] = [],
): Promise<Answer> {
  const answer = await expectRefused(world, expected, attempt, secrets);
  expect(api.requests).toEqual([]);
  return answer;
}

describe('tokens that open nothing', () => {
  it('the provider’s own, an ID token, a refresh token and nonsense', async () => {
    const { refreshToken, idToken } = await acme.logIn(browser);
    const last = upstreamTokens.at(-1) ?? '';
    for (const other of [last, idToken, refreshToken, 'nonsense', `${token}x`]) {
      await expectKeptOut(BAD_TOKEN, () => asked(other), [other]);
    }
  });

  it('none, one in a form, one in the query', async () => {
    const missing = { ...BAD_TOKEN, reason: 'token_missing' } as const;
    await expectKeptOut(missing, () => ask(addressOf('orders/orders')));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ access_token: token }).toString();
    await expectKeptOut(missing, () => ask(addressOf('orders/orders'), { headers, body }), [token]);
    for (const name of ['access_token', 'access%5Ftoken']) {
      const rest = `orders/orders?${name}=${token}`;
      await expectKeptOut(malformed('request_malformed'), () => asked(token, rest), [token]);
    }
  });

  it('one that has expired', async () => {
    try {
      seconds = 7200;
      await world.proxy.application.registry.refresh();
      const expired = { ...BAD_TOKEN, reason: 'token_expired' } as const;
      await expectKeptOut(expired, () => asked(token), [token]);
    } finally {
      seconds = 0;
      await world.proxy.application.registry.refresh();
    }
  });

  it('one that was revoked', async () => {
    await revoke(token);
    await expectKeptOut(BAD_TOKEN, () => asked(token), [token]);
  });
});

describe('clients and APIs that no operator brought together', () => {
  it('a client that names another API, an API that nobody has, and one that is not set', async () => {
    const bolt = (await vendorByHand(world, 'bolt').logIn(browser)).accessToken;
    const answers = [
      await expectKeptOut(NOT_ALLOWED, () => asked(bolt), [bolt]),
      await expectKeptOut(NOT_ALLOWED, () => asked(token, 'stock/orders'), [token]),
      await expectKeptOut(NOT_ALLOWED, () => asked(token, 'payroll/orders'), [token]),
      await expectKeptOut(NOT_ALLOWED, () => asked(token, 'gone/orders'), [token]),
    ];
    // Which names there are is not told.
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  });

  it('names that are none', async () => {
    const missing = { status: 404, error: 'invalid_request', reason: 'not_found' } as const;
    for (const rest of ['', 'Orders/orders', 'orders%2Forders', '%6frders/orders', '/orders']) {
      await expectKeptOut(missing, () => asked(token, rest), [token]);
    }
  });

  it('a client from which the API was taken away, from the next request on', async () => {
    await world.proxy.apply([entryOf('acme', ['gone'])]);
    try {
      await expectKeptOut(NOT_ALLOWED, () => asked(token), [token]);
    } finally {
      await world.proxy.apply([entryOf('acme', ['orders', 'gone'])]);
    }
    expect((await asked(token)).status).toBe(200);
  });
});

describe('ways out of the API', () => {
  it.each([
    '/../accounts',
    '/..',
    '/./orders',
    '/%2e%2e/accounts',
    '/%2E./accounts',
    '/.%2e/accounts',
    '/..%2faccounts',
    '/..%5caccounts',
    '/..\\accounts',
    '/\\evil.example/',
    '//evil.example/accounts',
    '/orders//../../accounts',
    '/..;/accounts',
    '/..;a=b/accounts',
    '/%252e%252e/accounts',
    '/%c0%ae%c0%ae/accounts',
    '/orders%00',
    '/orders%0d%0aX-User:%20alice',
    '/orders%3f/../../accounts',
    '/orders%23',
    '/orders#/../../accounts',
    '/\u00ff',
    '/{orders}',
  ])('%s', async (path) => {
    const answer = await raw(`GET /oidc/api/orders${path} HTTP/1.1`);
    // Some of them no server of ours reads at all.
    expect(statusLines(answer)).not.toContain(200);
    expect(api.requests).toEqual([]);
  });

  it.each(['orders@evil.example/', 'orders:80/', 'orders.evil.example/', 'orders\\evil/'])(
    'a name that goes on as another host: %s',
    async (rest) => {
      const answer = await raw(`GET /oidc/api/${rest} HTTP/1.1`);
      expect(statusLines(answer)).toEqual([404]);
      expect(api.requests).toEqual([]);
    },
  );

  it('the absolute form, with the API or anybody else as the host', async () => {
    for (const origin of [new URL(api.address).origin, 'http://evil.example', 'https://evil']) {
      const answer = await raw(`GET ${origin}/oidc/api/orders/orders HTTP/1.1`);
      expect(statusLines(answer)).toEqual([404]);
    }
    expect(api.requests).toEqual([]);
  });

  it('a method that is none of those passed on', async () => {
    for (const method of ['TRACE', 'PROPFIND']) {
      const answer = await raw(`${method} /oidc/api/orders/orders HTTP/1.1`);
      expect(statusLines(answer)).toEqual([405]);
    }
    expect(statusLines(await raw('CONNECT /oidc/api/orders/orders HTTP/1.1'))).not.toContain(200);
    expect(api.requests).toEqual([]);
  });
});

describe('what the API is told', () => {
  it('is nothing by which a vendor could pass for somebody else', async () => {
    const answer = await raw('POST /oidc/api/orders/orders HTTP/1.1', [
      'X-Forwarded-For: 10.0.0.1',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-User: bob',
      'Forwarded: for=10.0.0.1',
      'X-Real-IP: 10.0.0.1',
      'X_User: bob',
      'X-User: bob',
      'X-HTTP-Method-Override: DELETE',
      'X-Original-URL: /accounts',
      'Cookie: session=bob',
      'Proxy-Authorization: Basic Ym9iOmJvYg==',
      'Origin: https://evil.example',
      'Referer: https://evil.example/',
      'DPoP: eyJhbGciOiJub25lIn0.e30.',
      'Via: 1.1 evil',
      'Range: bytes=0-1',
      'TE: trailers',
      'Upgrade: h2c',
      'Connection: close, authorization, content-type',
      'Content-Type: application/json',
      'Content-Length: 2',
      '',
      '{}',
    ]);
    expect(statusLines(answer)).toEqual([200]);
    const [request] = api.requests;
    expect(Object.keys(request?.headers ?? {}).toSorted()).toEqual([
      ...['accept', 'accept-encoding', 'authorization', 'connection', 'content-length'],
      ...['content-type', 'host', 'user-agent', 'x-request-id'],
    ]);
    expect(request).toMatchObject({ user: 'alice', method: 'POST', target: '/v1/orders' });
    expect(request?.headers).toMatchObject({
      ...{ authorization: `Bearer ${upstreamTokens.at(-1)}`, connection: 'keep-alive' },
      ...{ host: new URL(api.address).host, 'user-agent': 'pairwise-proxy' },
    });
  });

  it('is one request, whatever the vendor says of its length', async () => {
    const smuggled = 'GET /accounts HTTP/1.1\r\nHost: orders.internal\r\n\r\n';
    for (const framing of [
      ['Content-Length: 0', 'Transfer-Encoding: chunked', '', `0\r\n\r\n${smuggled}`],
      ['Transfer-Encoding: xchunked', '', smuggled],
      ['Content-Length: 1', 'Content-Length: 0', '', smuggled],
    ]) {
      await raw('POST /oidc/api/orders/orders HTTP/1.1', framing);
    }
    expect(
      api.requests.map(({ target }) => target).filter((path) => path !== '/v1/orders'),
    ).toEqual([]);
    api.requests.length = 0;
    await raw('POST /oidc/api/orders/orders HTTP/1.1', [
      ...[
        'Transfer-Encoding: chunked',
        '',
        `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      ],
    ]);
    expect(api.requests.map(({ target, body }) => [target, String(body)])).toEqual([
      ['/v1/orders', smuggled],
    ]);
  });

  it('is no body that is too large, compressed, or beside a GET', async () => {
    const tooLarge = { status: 413, error: 'invalid_request', reason: 'body_too_large' } as const;
    const body = Buffer.alloc(1024 * 1024 + 1);
    await expectKeptOut(tooLarge, () => asked(token, 'orders/orders', { body }), [token]);
    const headers = { 'content-encoding': 'gzip' };
    const bad = malformed('request_malformed');
    await expectKeptOut(bad, () => asked(token, 'orders/orders', { body: 'x', headers }), [token]);
    await expectKeptOut(bad, () => asked(token, 'orders/orders', { method: 'GET', body: 'x' }), [
      token,
    ]);
  });
});

describe('a token that is bound to a key', () => {
  it('opens nothing without a proof of that key for this very request, used once', async () => {
    const spa = vendorByHand(world, 'spa');
    const [key, thief] = [await DpopKey.generate(), await DpopKey.generate()];
    const begun = await spa.begin(browser);
    const proof = await key.proof('POST', `${world.proxy.issuer}/oidc/token`);
    const answer = await tokenRequest(spa, world.proxy.issuer, codeForm(spa, begun), proof);
    const bound = member(answer, 'access_token');
    const address = addressOf('orders/orders');
    const shown = (scheme: string, dpop?: string) => () =>
      asked(bound, 'orders/orders', {
        headers: { authorization: `${scheme} ${bound}`, ...(dpop === undefined ? {} : { dpop }) },
      });
    await expectKeptOut(BAD_KEY, shown('Bearer'), [bound]);
    const good = await key.proof('GET', address, {}, bound);
    await expectKeptOut(BAD_KEY, shown('Bearer', good), [bound]);
    await expectKeptOut(BAD_PROOF, shown('DPoP'), [bound]);
    for (const other of [
      await key.proof('GET', addressOf('orders/accounts'), {}, bound),
      await key.proof('GET', `${world.proxy.issuer}/oidc/userinfo`, {}, bound),
      await key.proof('GET', `${api.address}/orders`, {}, bound),
      await key.proof('POST', address, {}, bound),
      await key.proof('GET', address, {}, token),
    ]) {
      await expectKeptOut(BAD_PROOF, shown('DPoP', other), [bound]);
    }
    const foreign = await thief.proof('GET', address, {}, bound);
    await expectKeptOut(BAD_KEY, shown('DPoP', foreign), [bound]);
    expect((await shown('DPoP', good)()).status).toBe(200);
    api.requests.length = 0;
    await expectKeptOut(BAD_PROOF, shown('DPoP', good), [bound]);
    // And one that is bound to none is no DPoP token.
    const unbound = await key.proof('GET', address, {}, token);
    const headers = { authorization: `DPoP ${token}`, dpop: unbound };
    await expectKeptOut(BAD_KEY, () => asked(token, 'orders/orders', { headers }), [token]);
  });
});

describe('answers that are not passed on', () => {
  it.each([301, 302, 303, 304, 307, 308])('a redirect with %i', async (status) => {
    api.answers.set('/v1/orders', (_request, response) => {
      response.writeHead(status, { location: `${api.address}/orders/alice` }).end();
    });
    const answer = await expectRefused(world, BAD_ANSWER, () => asked(token), [token]);
    expect(answer.headers.has('location')).toBe(false);
    expect(api.requests).toHaveLength(1);
  });

  it.each([
    ['in a header', (text: string) => ({ headers: { 'x-token': text } })],
    ['in the reason of a cookie', (text: string) => ({ headers: { 'set-cookie': `t=${text}` } })],
    ['in the body', (text: string) => ({ body: text })],
    [
      'in JSON that is JSON',
      (text: string) => ({ body: JSON.stringify(JSON.stringify({ text })) }),
    ],
    ['in base64', (text: string) => ({ body: Buffer.from(`me ${text}!`).toString('base64') })],
    ['in UTF-16', (text: string) => ({ body: Buffer.from(text, 'utf16le') })],
  ])('the provider’s token %s', async (_where, told) => {
    api.answers.set('/v1/orders', (request, response) => {
      const text = request.headers.authorization?.replace('Bearer ', '') ?? '';
      const { headers, body } = { headers: {}, body: 'nothing', ...told(text) };
      response.writeHead(200, { 'content-type': 'text/plain', ...headers }).end(body);
    });
    await expectRefused(world, BAD_ANSWER, () => asked(token), [
      token,
      upstreamTokens.at(-1) ?? '',
    ]);
  });

  it('one that is too large, of no type, broken off, or encoded as nobody knows', async () => {
    const type = { 'content-type': 'text/plain' };
    api.answers.set('/v1/large', (_request, response) => {
      response.writeHead(200, type).end(Buffer.alloc(4 * 1024 * 1024 + 1));
    });
    api.answers.set('/v1/untyped', (_request, response) => response.writeHead(200).end('alice'));
    api.answers.set('/v1/broken', (_request, response) => {
      response.writeHead(200, { ...type, 'content-length': '9' }).write('alice');
      response.destroy();
    });
    api.answers.set('/v1/encoded', (_request, response) => {
      response.writeHead(200, { ...type, 'content-encoding': 'alice' }).end('alice');
    });
    for (const path of ['large', 'untyped', 'broken', 'encoded']) {
      const answer = await asked(token, `orders/${path}`);
      expect([502, 503], path).toContain(answer.status);
      expect(answer.body).not.toContain('alice');
    }
  });

  it('one that came when the grant had ended', async () => {
    api.answers.set('/v1/orders', (_request, response) => {
      const answer = async () => {
        await revoke(token);
        response.writeHead(200, { 'content-type': 'text/plain' }).end('orders of alice');
      };
      answer().catch(() => response.destroy());
    });
    await expectRefused(world, BAD_TOKEN, () => asked(token), [token]);
    expect(api.requests).toHaveLength(1);
  });
});

describe('a request whose body comes slowly', () => {
  it('does not reach the API when the grant ended meanwhile', async () => {
    const port = Number(new URL(world.proxy.issuer).port);
    const socket = connect(port, '127.0.0.1');
    const lines = [
      ...['POST /oidc/api/orders/orders HTTP/1.1', `Host: localhost:${port}`],
      ...[`Authorization: Bearer ${token}`, 'Content-Length: 2', 'Connection: close', '', '{'],
    ];
    socket.write(lines.join('\r\n'));
    await revoke(token);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('}');
    await closed;
    expect(statusLines(received)).toEqual([401]);
    expect(api.requests).toEqual([]);
  });
});

async function revoke(accessToken: string): Promise<void> {
  const credentials = basic('acme-web', vendorSecret('acme'));
  await postForm(`${world.proxy.issuer}/oidc/revoke`, { token: accessToken }, credentials);
}

/** A request as these lines say, with a good token. */
function raw(first: string, more: readonly string[] = ['', '']): Promise<string> {
  const port = Number(new URL(world.proxy.issuer).port);
  const close = more.some((line) => line.startsWith('Connection:')) ? [] : ['Connection: close'];
  const lines = [first, `Host: localhost:${port}`, `Authorization: Bearer ${token}`, ...close];
  return sendRaw(port, [...lines, ...more].join('\r\n'));
}

/** The entry of a client, with other APIs. */
function entryOf(id: string, apis: readonly string[]): object {
  const client = world.proxy.application.registry.find(`${id}-web`);
  if (client === undefined) throw new Error(`no client of ${id}`);
  const { upstream, clientSecret, metadata } = client;
  const entry = {
    ...{ client_id: client.clientId, client_secret: clientSecret, internal_apis: apis },
    upstream: { client_id: upstream?.clientId, client_secret: upstream?.clientSecret },
    redirect_uris: metadata.redirect_uris,
    post_logout_redirect_uris: metadata.post_logout_redirect_uris,
  };
  return { id, name: `Vendor ${id}`, clients: [entry] };
}

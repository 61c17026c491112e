import { generateKeyPairSync } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createLogger } from '../../../src/observability/logger.ts';
import { ClientKeys } from '../../../src/outbound/client-keys.ts';
import { VENDOR_EXCHANGE } from '../../../src/outbound/guarded-exchange.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';
import { listen } from '../../support/listen.ts';

const MINUTE = 60_000;
const jwk = (kid: string) => ({
  ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  kid,
});

let publisher: Awaited<ReturnType<typeof listen>>;
let elsewhere: Awaited<ReturnType<typeof listen>>;
const pool = createExchange(VENDOR_EXCHANGE);
const served = { asked: 0, status: 200, body: '', type: 'application/json', location: '' };
let now: number;
let keys: ClientKeys;

beforeAll(async () => {
  publisher = await listen((_request, response) => {
    served.asked += 1;
    if (served.location !== '') response.setHeader('location', served.location);
    response.statusCode = served.status;
    response.setHeader('content-type', served.type);
    response.end(served.body);
  });
  elsewhere = await listen((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk('elsewhere')] }));
  });
});
afterAll(async () => {
  await pool.close();
  await publisher.close();
  await elsewhere.close();
});
beforeEach(() => {
  now = Date.now();
  Object.assign(served, { asked: 0, status: 200, type: 'application/json', location: '' });
  serve('one');
  keys = keysFor('http://localhost');
});

function serve(...kids: string[]): void {
  served.body = JSON.stringify({ keys: kids.map(jwk) });
}

function keysFor(issuer: string): ClientKeys {
  const log = createLogger({ level: 'error', destination: { write: () => {} } });
  return new ClientKeys({ exchange: pool.exchange, issuer, clock: () => new Date(now), log });
}

const client = () =>
  ({ metadata: { jwks_uri: `http://127.0.0.1:${publisher.port}/jwks` } }) as Parameters<
    ClientKeys['keys']
  >[0];
const kids = async () => (await keys.keys(client())).map(({ kid }) => kid);
const UNAVAILABLE = { reason: 'client_keys_unavailable' };

describe('the keys of a client', () => {
  it('are fetched once for five minutes, however many ask', async () => {
    await Promise.all([kids(), kids(), kids()]);
    now += 4 * MINUTE;
    expect(await kids()).toEqual(['one']);
    expect(served.asked).toBe(1);
    serve('two');
    now += 2 * MINUTE;
    expect(await kids()).toEqual(['two']);
  });

  it('are fetched anew for an unknown kid, at most every ten seconds', async () => {
    await kids();
    serve('two');
    now += 5_000;
    expect(await keys.refetch(client())).toBe(false);
    now += 6_000;
    expect(await keys.refetch(client())).toBe(true);
    expect(await kids()).toEqual(['two']);
    expect(await keys.refetch(client())).toBe(false);
    expect(served.asked).toBe(2);
  });

  it('serve on for an hour while their address is away', async () => {
    await kids();
    served.status = 500;
    now += 30 * MINUTE;
    expect(await kids()).toEqual(['one']);
    now += 31 * MINUTE;
    await expect(kids()).rejects.toMatchObject(UNAVAILABLE);
  });

  it.each([
    ['an error', { status: 404 }],
    ['a page', { type: 'text/html' }],
    ['no JSON', { body: 'keys' }],
    ['more than 64 KiB', { body: JSON.stringify({ keys: [], padding: 'p'.repeat(70_000) }) }],
  ])('are unavailable where their address yields %s', async (_what, changes) => {
    Object.assign(served, changes);
    await expect(kids()).rejects.toMatchObject(UNAVAILABLE);
    await expect(kids()).rejects.toMatchObject(UNAVAILABLE);
    expect(served.asked, 'nobody is asked without a pause').toBe(1);
  });

  it('are not fetched from where a redirect to another host leads', async () => {
    Object.assign(served, { status: 302, location: `http://127.0.0.1:${elsewhere.port}/` });
    await expect(kids()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('are not fetched over plain http for an issuer of https', async () => {
    keys = keysFor('https://login.example');
    await expect(kids()).rejects.toMatchObject(UNAVAILABLE);
    expect(served.asked).toBe(0);
  });

  it('that are registered by value are asked of nobody', async () => {
    const registered = { metadata: { jwks: { keys: [jwk('own')] } } } as never;
    expect((await keys.keys(registered)).map(({ kid }) => kid)).toEqual(['own']);
    expect(await keys.keys({ metadata: {} } as never)).toEqual([]);
    expect(await keys.refetch(registered)).toBe(false);
    expect(served.asked).toBe(0);
  });
});

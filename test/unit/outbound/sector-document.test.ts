import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openGuardedExchange } from '../../../src/outbound/guarded-exchange.ts';
import { sectorDocumentProblem } from '../../../src/outbound/sector-document.ts';
import type { ExchangePool } from '../../../src/upstream/exchange.ts';
import type { Listening } from '../../support/listen.ts';
import { listenTls } from '../../support/tls-listen.ts';

const LISTED = ['https://app1.example.com/callback', 'https://app2.example.com/callback'];
const served = { asked: 0, status: 200, type: 'application/json', body: '', location: '' };
let vendor: Listening;
let pool: ExchangePool;
beforeAll(async () => {
  vendor = await listenTls((request, response) => {
    served.asked += 1;
    if (served.location !== '' && request.url === '/sector.json') {
      response.writeHead(302, { location: served.location }).end();
      return;
    }
    response.writeHead(served.status, { 'content-type': served.type }).end(served.body);
  });
  const origin = `https://localhost:${vendor.port}`;
  pool = openGuardedExchange({ mayBePrivate: (each) => each === origin });
});
afterAll(async () => {
  await pool.close();
  await vendor.close();
});
beforeEach(() => {
  Object.assign(served, { asked: 0, status: 200, type: 'application/json', location: '' });
  served.body = JSON.stringify(LISTED);
});

async function problem(redirectUris: readonly string[] = LISTED, scheme = 'https') {
  const sectorIdentifierUri = `${scheme}://localhost:${vendor.port}/sector.json`;
  return (await sectorDocumentProblem(pool.exchange, { sectorIdentifierUri, redirectUris }))
    ?.message;
}

describe('a sector document', () => {
  it('vouches for redirect URIs that it lists, and for some of them', async () => {
    expect(await problem()).toBeUndefined();
    expect(await problem(LISTED.slice(0, 1))).toBeUndefined();
  });

  it('vouches for nothing that it does not list to the letter', async () => {
    for (const uri of ['https://app3.example.com/callback', 'https://app1.example.com/callback/']) {
      expect(await problem([...LISTED, uri])).toContain(`lacks ${uri}`);
    }
  });

  it.each([
    ['an object', '{"uris":[]}', 'array of strings'],
    ['other things than strings', '["https://app1.example.com/callback", 1]', 'array of strings'],
    ['no JSON', '<html>', 'array of strings'],
    ['more than 64 KiB', `["${'x'.repeat(70_000)}"]`, '64 KiB'],
  ])('is refused with %s', async (_what, body, message) => {
    served.body = body;
    expect(await problem()).toContain(message);
  });

  it.each(['text/html', 'text/plain', 'application/jsonp', 'application/problem+json'])(
    'is refused as %s',
    async (type) => {
      served.type = type;
      expect(await problem()).toContain('application/json');
    },
  );

  it('may move within its host, and not to another', async () => {
    served.location = '/elsewhere.json';
    expect(await problem()).toBeUndefined();
    served.location = `https://127.0.0.1:${vendor.port}/elsewhere.json`;
    served.asked = 0;
    expect(await problem()).toContain('another host');
    expect(served.asked).toBe(1);
  });

  it('is asked for over https alone', async () => {
    expect(await problem(LISTED, 'http')).toBe('sector_identifier_uri could not be fetched');
    expect(served.asked).toBe(0);
  });
});

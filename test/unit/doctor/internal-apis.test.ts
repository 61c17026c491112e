import { expect, test } from 'vitest';

import { internalApiFindings } from '../../../src/doctor/internal-apis.ts';
import type { UpstreamMetadata } from '../../../src/upstream/metadata.ts';
import type { Client } from '../../../src/vendors/client.ts';

const metadata = {
  advertised: { userinfo_endpoint: 'https://graph.example/me' },
  reached: {},
} as unknown as UpstreamMetadata;

function client(clientId: string, ...apis: readonly string[]): Client {
  return { clientId, metadata: { internal_apis: apis } } as unknown as Client;
}

test('says which clients reach which API', () => {
  const apis = [
    { name: 'orders', address: 'https://orders.internal' },
    { name: 'stock', address: 'https://stock.internal' },
  ];
  const clients = [client('acme-web', 'orders'), client('bolt-web', 'orders'), client('spa')];
  const [orders, stock, ...others] = internalApiFindings(apis, clients, metadata);
  expect(orders).toMatchObject({ level: 'ok' });
  expect(orders?.message).toContain('from acme-web, bolt-web;');
  expect(stock?.message).toContain('from nobody;');
  expect(others).toEqual([]);
});

test('warns of a client whose API is not set', () => {
  expect(internalApiFindings([], [client('acme-web', 'orders')], undefined)).toMatchObject([
    { level: 'warning', client: 'acme-web', name: 'internal_apis' },
  ]);
});

test('finds an API at which an endpoint of the upstream lies', () => {
  const apis = [{ name: 'graph', address: 'https://graph.example' }];
  expect(internalApiFindings(apis, [], metadata)).toMatchObject([{ level: 'problem' }]);
});

test('says nothing where there are none', () => {
  expect(internalApiFindings([], [client('acme-web')], metadata)).toEqual([]);
});

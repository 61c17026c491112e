import { describe, expect, it } from 'vitest';

import { readRegistrations } from '../../../src/vendors/registration.ts';

const SOURCES = { env: () => undefined, file: () => '' };
const ACME = {
  ...{ client_id: 'acme-web', client_secret: 'what-the-vendor-uses-0123456789' },
  upstream: { client_id: 'acme', client_secret: 'what-the-proxy-uses-0123456789' },
  redirect_uris: ['https://acme.example/callback'],
};

function read(internalApis?: unknown) {
  const client = internalApis === undefined ? ACME : { ...ACME, internal_apis: internalApis };
  return readRegistrations({ vendors: [{ id: 'acme', clients: [client] }] }, SOURCES);
}

describe('the internal APIs of a client', () => {
  it('are none unless they are named', () => {
    expect(read().clients[0]?.settings.metadata.internal_apis).toBeUndefined();
  });

  it('are kept as they are named', () => {
    const { clients, problems } = read(['orders', 'stock-2']);
    expect(problems).toEqual([]);
    expect(clients[0]?.settings.metadata.internal_apis).toEqual(['orders', 'stock-2']);
  });

  it.each([['https://orders.internal'], ['Orders'], [''], ['orders/'], ['-orders'], ['a b']])(
    'cannot be %j',
    (name) => {
      expect(read([name]).problems).toMatchObject([
        {
          path: ['vendors', 0, 'clients', 0, 'internal_apis'],
          right: expect.any(String) as string,
        },
      ]);
    },
  );

  it('are a list', () => {
    expect(read('orders').problems).toHaveLength(1);
  });
});

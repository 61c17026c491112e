import { describe, expect, it } from 'vitest';

import { readRegistrations } from '../../../src/vendors/registration.ts';
import { canBypass } from '../../../src/vendors/rules.ts';

const SOURCES = { env: () => undefined, file: () => '' };
const API = { client_id: 'acme-api', client_secret: 'a-secret-of-the-api-0123456789' };
const AUDIENCE = { audience: ['https://api.acme.example'] };

function read(client: object) {
  return readRegistrations({ vendors: [{ id: 'acme', clients: [client] }] }, SOURCES);
}

function settingsOf(client: object) {
  const { clients, problems } = read(client);
  expect(problems).toEqual([]);
  return clients[0]?.settings;
}

describe('an API without logins', () => {
  it('needs no redirect URIs, and is a sector of its own', () => {
    const settings = settingsOf({ ...API, resource_server: AUDIENCE });
    expect(settings).toMatchObject({
      sector: 'client:acme-api',
      clientSecret: API.client_secret,
      metadata: { redirect_uris: [], resource_server: { ...AUDIENCE, vendors: [] } },
    });
  });

  it('may share the sector of a client', () => {
    const settings = settingsOf({ ...API, sector: 'acme.example', resource_server: AUDIENCE });
    expect(settings?.sector).toBe('acme.example');
  });

  it('cannot go round the proxy, since the upstream does not know it', () => {
    const settings = settingsOf({ ...API, resource_server: AUDIENCE });
    expect(settings && canBypass(settings)).toBe(false);
  });
});

it.each([
  ['nothing to authenticate with', { client_id: 'a', resource_server: AUDIENCE }, 'client_secret'],
  [
    'no authentication',
    { client_id: 'a', token_endpoint_auth_method: 'none', resource_server: AUDIENCE },
    'token_endpoint_auth_method',
  ],
  ['no audience', { ...API, resource_server: { audience: [] } }, 'audience'],
  ['an audience that is no URI', { ...API, resource_server: { audience: ['api'] } }, 'audience'],
  [
    'a member that nobody knows',
    { ...API, resource_server: { ...AUDIENCE, vendor: ['bolt'] } },
    'vendor',
  ],
  [
    'a credential that the upstream judges',
    { ...API, redirect_uris: ['https://acme.example/cb'], resource_server: AUDIENCE },
    'resource_server',
  ],
])('a resource server with %s is refused at registration', (_name, client, member) => {
  const { problems } = read(client);
  expect(problems.map(({ path }) => path)).toContainEqual(expect.arrayContaining([member]));
});

it('a client that is no resource server still needs redirect URIs', () => {
  const [problem] = read({ ...API }).problems;
  expect(problem).toMatchObject({ path: expect.arrayContaining(['redirect_uris']) as unknown });
});

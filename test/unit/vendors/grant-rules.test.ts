import { describe, expect, it } from 'vitest';

import { readRegistrations } from '../../../src/vendors/registration.ts';
import { isResourceServerOnly } from '../../../src/vendors/resource-server.ts';

const SOURCES = { env: () => undefined, file: () => '' };
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const CIBA = 'urn:openid:params:grant-type:ciba';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const USUAL = {
  client_id: 'acme-app',
  client_secret: 'what-the-vendor-uses-0123456789',
  upstream: { client_id: 'legacy-acme', client_secret: 'what-the-proxy-uses-0123456789' },
};
const WEB = { redirect_uris: ['https://acme.example/cb', 'https://acme.example:8443/cb'] };

function read(entry: object) {
  const document = { vendors: [{ id: 'acme', clients: [{ ...USUAL, ...entry }] }] };
  const { clients, problems } = readRegistrations(document, SOURCES);
  return {
    settings: clients[0]?.settings,
    said: problems.map(({ path, wrong }) => `${String(path.at(-1))}: ${wrong}`),
  };
}

describe('a client without the code flow', () => {
  it.each([
    ['client_credentials', { grant_types: ['client_credentials'] }],
    ['devices', { grant_types: [DEVICE, 'refresh_token'] }],
    ['CIBA', { grant_types: [CIBA], backchannel_token_delivery_mode: 'poll' }],
    ['token exchange beside its own tokens', { grant_types: ['client_credentials', EXCHANGE] }],
  ])('of %s needs no redirect URI and no response type', (_name, entry) => {
    const { settings, said } = read(entry);
    expect(said).toEqual([]);
    expect(settings).toMatchObject({
      sector: 'client:acme-app',
      metadata: { redirect_uris: [], response_types: [], ...entry },
    });
  });

  it('may be assigned the sector of another, to know users by the same subject', () => {
    expect(read({ grant_types: [DEVICE], sector: 'acme.example' }).settings?.sector).toBe(
      'acme.example',
    );
  });

  it('is told that what only the code flow uses is of no use', () => {
    const { said } = read({
      ...WEB,
      grant_types: ['client_credentials'],
      response_types: ['code'],
    });
    const wrong = 'is of no use without the grant type authorization_code';
    expect(said).toEqual([`redirect_uris: ${wrong}`, `response_types: ${wrong}`]);
  });

  it('needs the scope openid only where users log in', () => {
    expect(read({ grant_types: ['client_credentials'], scope: 'reports' }).said).toEqual([]);
    expect(read({ grant_types: [DEVICE], scope: 'reports' }).said).toEqual([
      'scope: lacks the scope openid',
    ]);
  });

  it('that is an API too still is no API alone: it speaks to the upstream', () => {
    const resourceServer = { audience: ['https://api.acme.example'] };
    const api = { resource_server: resourceServer };
    const { settings } = read({ ...api, grant_types: ['client_credentials'] });
    expect(settings && isResourceServerOnly(settings)).toBe(false);
    const { settings: alone } = read({ ...api, upstream: undefined });
    expect(alone && isResourceServerOnly(alone)).toBe(true);
    expect(
      read({ ...api, upstream: undefined, grant_types: ['client_credentials'] }).said,
    ).toContain('resource_server: stands at a client whose credential the upstream judges');
  });
});

it('no grant type at all is refused', () => {
  expect(read({ redirect_uris: ['https://acme.example/cb'], grant_types: [] }).said).toEqual([
    'grant_types: holds nothing that yields a first token',
  ]);
});

it.each([
  [['refresh_token'], 'grant_types: holds nothing that yields a first token'],
  [[EXCHANGE], 'grant_types: holds nothing that yields a first token'],
  [['authorization_code'], 'redirect_uris: is empty'],
])('the grant types %j without a redirect URI are refused', (grantTypes, wrong) => {
  expect(read({ grant_types: grantTypes, redirect_uris: [] }).said).toContain(wrong);
});

describe('backchannel_token_delivery_mode', () => {
  it.each(['ping', 'push'])('%s is refused', (mode) => {
    const { said } = read({ grant_types: [CIBA], backchannel_token_delivery_mode: mode });
    expect(said).toEqual(['backchannel_token_delivery_mode: has an unknown value']);
  });

  it('is refused where there is no CIBA', () => {
    const { said } = read({ ...WEB, sector: 'acme', backchannel_token_delivery_mode: 'poll' });
    expect(said).toEqual([expect.stringContaining('is of no use without the grant type')]);
  });
});

describe('frontchannel_logout_uri', () => {
  it.each(['https://acme.example/logout?of=1', 'https://acme.example:8443/logout'])(
    '%s lies where a redirect URI lies',
    (uri) => {
      const { said, settings } = read({ ...WEB, sector: 'acme', frontchannel_logout_uri: uri });
      expect(said).toEqual([]);
      expect(settings?.metadata.frontchannel_logout_uri).toBe(uri);
    },
  );

  it.each([
    'https://other.example/logout',
    'https://acme.example:8444/logout',
    'https://www.acme.example/logout',
    'http://localhost/logout',
  ])('%s lies elsewhere and is refused', (uri) => {
    const { said } = read({ ...WEB, sector: 'acme', frontchannel_logout_uri: uri });
    expect(said).toEqual([expect.stringContaining('where no redirect URI of the client lies')]);
  });

  it('is refused at a client that has none but schemes of its own', () => {
    const { said } = read({
      application_type: 'native',
      redirect_uris: ['com.acme.app:/cb'],
      frontchannel_logout_uri: 'https://acme.example/logout',
    });
    expect(said).toEqual([expect.stringContaining('where no redirect URI of the client lies')]);
  });
});

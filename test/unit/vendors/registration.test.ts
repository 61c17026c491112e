import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { describeProblem, nearestName } from '../../../src/vendors/problem.ts';
import { readRegistrations, type Registrations } from '../../../src/vendors/registration.ts';
import { problemsBetween, type Standing } from '../../../src/vendors/rules.ts';
import type { SecretSources } from '../../../src/vendors/secrets.ts';

const SOURCES: SecretSources = {
  env: (name) => ({ ACME_SECRET: 'from-the-environment', EMPTY: '' })[name],
  file: (path) => {
    if (path !== '/secrets/acme') throw new Error('ENOENT');
    return 'from-a-file\n';
  },
};
const NOTHING: Standing = { clients: [], sectorOwners: new Map() };

const client = (more: object = {}): object => ({
  client_id: 'acme-web',
  client_secret: 'vendor-secret',
  upstream: { client_id: 'acme-upstream', client_secret: 'upstream-secret' },
  redirect_uris: ['https://acme.example/callback'],
  ...more,
});

function read(clients: unknown, vendor: object = {}): Registrations {
  return readRegistrations({ vendors: [{ id: 'acme', ...vendor, clients }] }, SOURCES);
}

function said(registrations: Registrations, standing = NOTHING): string[] {
  const between = problemsBetween(registrations.clients, standing);
  return [...registrations.problems, ...between].map(describeProblem);
}

describe('a client entry', () => {
  it('has the defaults of the design where it says nothing', () => {
    const { clients, vendors, problems } = read([client()]);
    expect(problems).toEqual([]);
    expect(vendors[0]?.vendor).toEqual({
      id: 'acme',
      name: 'acme',
      contacts: [],
      policyUri: undefined,
      oneSector: false,
      allowedSubjectTypes: ['pairwise'],
      notice: false,
      disconnect: 'new_subject',
    });
    expect(clients[0]).toMatchObject({
      phase: 'pairwise',
      settings: {
        clientId: 'acme-web',
        vendorId: 'acme',
        sector: 'acme.example',
        subjectType: 'pairwise',
        clientSecret: 'vendor-secret',
        upstream: { clientId: 'acme-upstream', clientSecret: 'upstream-secret', shared: false },
        acceptBypass: false,
        releaseClaims: [],
        continuityDays: 30,
        metadata: {
          application_type: 'web',
          token_endpoint_auth_method: 'client_secret_basic',
          id_token_signed_response_alg: 'RS256',
          grant_types: ['authorization_code', 'refresh_token'],
          scope: 'openid profile email address phone offline_access',
          require_auth_time: false,
        },
      },
    });
  });

  it('is in the phase public where its subject type is', () => {
    expect(read([client({ subject_type: 'public' })]).clients[0]?.phase).toBe('public');
    expect(said(read([client({ subject_type: 'public', phase: 'shadow' })]))).toEqual([
      expect.stringMatching(/^vendors\[0\]\.clients\[0\]\.phase: is shadow for a client/),
    ]);
  });

  it('says where each mistake stands, and says all of them together', () => {
    const registrations = read([
      client(),
      {
        client_id: '',
        redirect_uris: ['http://acme.example/', 'https://acme.example/#x'],
        id_token_signed_response_alg: 'HS256',
        grant_types: ['implicit'],
        scope: 'profile',
        release_claims: ['sub'],
        continuity_days: -1,
        accept_bypass: 'yes',
      },
      client({ redirect_uris: [] }),
    ]);
    expect(said(registrations)).toEqual([
      expect.stringContaining('vendors[0].clients[1].client_id: is empty; use'),
      expect.stringContaining('vendors[0].clients[1].grant_types[0]: has an unknown value; use'),
      expect.stringContaining('vendors[0].clients[1].scope: lacks the scope openid'),
      expect.stringContaining('vendors[0].clients[1].id_token_signed_response_alg: has an unknown'),
      expect.stringContaining('vendors[0].clients[1].accept_bypass: has the wrong type; give true'),
      expect.stringContaining('vendors[0].clients[1].release_claims[0]: "sub" is set by'),
      expect.stringContaining('vendors[0].clients[1].continuity_days: is too small'),
      expect.stringContaining('vendors[0].clients[1].redirect_uris[0]: uses http; use https'),
      expect.stringContaining('vendors[0].clients[1].redirect_uris[1]: has a fragment'),
      expect.stringContaining('vendors[0].clients[2].redirect_uris: is empty'),
    ]);
  });

  it('is told the nearest name where it holds one that nobody knows', () => {
    const registrations = readRegistrations(
      {
        vendors: [
          {
            id: 'acme',
            contact: [],
            clients: [
              client({ redirect_uri: 'x', releaseClaims: [], upstream: { clientid: 'x' } }),
            ],
          },
        ],
        clients: [],
      },
      SOURCES,
    );
    const text = said(registrations).join('\n');
    expect(text).toContain('vendors[0].contact: is not known; did you mean contacts?');
    expect(text).toContain('clients[0].redirect_uri: is not known; did you mean redirect_uris?');
    expect(text).toContain('clients[0].releaseClaims: is not known; did you mean release_claims?');
    expect(text).toContain('clients[0].upstream.clientid: is not known; did you mean client_id?');
  });

  it('never throws, whatever the document is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (vendor, entry) => {
        for (const document of [vendor, { vendors: vendor }, { vendors: [vendor] }]) {
          expect(readRegistrations(document, SOURCES).problems.length).toBeGreaterThanOrEqual(0);
        }
        expect(read([entry]).problems.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('client credentials', () => {
  it('come from the entry, from the environment or from a file', () => {
    const secrets = [
      { client_secret: 'plain' },
      { client_secret: undefined, client_secret_env: 'ACME_SECRET' },
      { client_secret: undefined, client_secret_file: '/secrets/acme' },
    ].map((members) => read([client(members)]).clients[0]?.settings.clientSecret);
    expect(secrets).toEqual(['plain', 'from-the-environment', 'from-a-file']);
  });

  it('are refused where two places give one, or the named place gives none', () => {
    expect(said(read([client({ client_secret_env: 'ACME_SECRET' })]))).toEqual([
      expect.stringContaining('stands beside client_secret_env; give exactly one'),
    ]);
    const missing = { client_secret: undefined, client_secret_env: 'NOT_SET' };
    expect(said(read([client(missing)]))).toEqual([
      expect.stringContaining('client_secret_env: gives no value; set the environment variable'),
    ]);
    const empty = { client_secret: undefined, client_secret_env: 'EMPTY' };
    expect(said(read([client(empty)]))).toHaveLength(1);
    const unreadable = { client_secret: undefined, client_secret_file: '/secrets/other' };
    expect(said(read([client(unreadable)]))).toHaveLength(1);
  });

  it('are needed of a confidential client that is authenticated here, and of no other', () => {
    expect(said(read([client({ client_secret: undefined })]))).toEqual([
      expect.stringContaining('clients[0].client_secret: is missing; give client_secret'),
    ]);
    const isPublic = { token_endpoint_auth_method: 'none' };
    expect(said(read([client(isPublic)]))[0]).toContain('is given for a public client');
    expect(said(read([client({ ...isPublic, client_secret: undefined })]))).toEqual([]);
    const forwarded = { upstream: undefined, accept_bypass: true };
    expect(said(read([client({ ...forwarded, client_secret: undefined })]))).toEqual([]);
  });

  it('of a forwarded client are not kept, and its operator is told', () => {
    const { clients, warnings } = read([client({ upstream: undefined, accept_bypass: true })]);
    expect(clients[0]?.settings.clientSecret).toBeUndefined();
    expect(warnings.map(describeProblem)).toEqual([expect.stringContaining('is not used')]);
  });

  it('never stand in what is said of them', () => {
    const registrations = read([
      client({ client_secret: 'sécret-of-the-vendor' }),
      client({ client_secret: 'secret-of-the-vendor', token_endpoint_auth_method: 'none' }),
    ]);
    expect(said(registrations)).toHaveLength(2);
    expect(said(registrations).join()).not.toMatch(/s.cret-of-the-vendor/);
  });
});

/*
 * The vendor's own credential works at the upstream: with it, the vendor fetches
 * tokens there and reads the original subject. So such a client is not pairwise
 * unless somebody has said that they know.
 */
describe('a client that can go round the proxy', () => {
  const bypass = expect.stringMatching(/accept_bypass: .*round the proxy/) as string;

  it.each([
    ['is forwarded', { upstream: undefined }],
    ['has no upstream secret', { upstream: { client_id: 'acme-upstream' } }],
    [
      'holds the upstream secret itself',
      { upstream: { client_id: 'acme-upstream', client_secret: 'vendor-secret' } },
    ],
  ])('does not enter pairwise without accept_bypass where it %s', (_, members) => {
    expect(said(read([client(members)]))).toEqual([bypass]);
    expect(said(read([client({ ...members, phase: 'pairwise' })]))).toEqual([bypass]);
    expect(said(read([client({ ...members, accept_bypass: true })]))).toEqual([]);
    expect(said(read([client({ ...members, phase: 'shadow' })]))).toEqual([]);
  });

  it('is judged by the phase it is in, too', () => {
    const registrations = read([client({ upstream: undefined, phase: 'public' })]);
    const settings = registrations.clients[0]!.settings;
    const clients = [{ ...settings, acceptBypass: true, phase: 'pairwise' as const }];
    expect(said(registrations, { clients, sectorOwners: new Map() })).toEqual([bypass]);
  });
});

describe('between clients', () => {
  const other = client({ client_id: 'other', redirect_uris: ['https://other.example/cb'] });

  it('a client id is used once, across vendors', () => {
    expect(said(read([client(), client()]))).toEqual([expect.stringContaining('is named twice')]);
    const registrations = read([client()]);
    const settings = { ...registrations.clients[0]!.settings, vendorId: 'globex' };
    const clients = [{ ...settings, phase: 'pairwise' as const }];
    expect(said(registrations, { clients, sectorOwners: new Map() })).toEqual([
      expect.stringContaining('"acme-web" belongs to the vendor "globex"'),
    ]);
  });

  it('a sector belongs to one vendor', () => {
    const upstream = { client_id: 'globex-upstream', client_secret: 'x' };
    const document = {
      vendors: [
        { id: 'acme', clients: [client()] },
        { id: 'globex', clients: [client({ client_id: 'globex-web', upstream })] },
      ],
    };
    expect(said(readRegistrations(document, SOURCES))).toEqual([
      expect.stringContaining('the sector "acme.example" belongs to the vendor "acme"'),
    ]);
    const sectorOwners = new Map([['acme.example', 'initech']]);
    expect(said(read([client()]), { clients: [], sectorOwners })).toHaveLength(1);
  });

  it('an upstream client serves one sector, unless it is shared on both sides', () => {
    const shared = { client_id: 'acme-upstream', client_secret: 'upstream-secret', shared: true };
    expect(said(read([client(), other]))).toHaveLength(2);
    expect(said(read([client({ upstream: shared }), other]))).toHaveLength(2);
    expect(said(read([client({ upstream: shared }), { ...other, upstream: shared }]))).toEqual([]);
    expect(said(read([client(), other], { one_sector: true }))).toEqual([]);
  });

  it('a forwarded client counts by its own id at the upstream', () => {
    const upstream = { client_id: 'acme-web', client_secret: 'upstream-secret' };
    const forwarded = client({ upstream: undefined, accept_bypass: true });
    expect(said(read([forwarded, { ...other, upstream }]))).toHaveLength(2);
  });
});

describe('the sector', () => {
  it('is told to be missing where the hosts differ', () => {
    const redirect_uris = ['https://a.example/', 'https://b.example/'];
    expect(said(read([client({ redirect_uris })]))).toEqual([
      expect.stringContaining('clients[0].redirect_uris: sector_identifier_uri is required'),
    ]);
    const sector_identifier_uri = 'https://acme.example/sector.json';
    const chosen = read([client({ redirect_uris, sector_identifier_uri })]);
    expect(chosen.clients[0]?.settings.sector).toBe('acme.example');
  });

  it('may be assigned, or be one for the whole vendor', () => {
    expect(read([client({ sector: 'suite' })]).clients[0]?.settings.sector).toBe('suite');
    const one = read([client()], { one_sector: true });
    expect(one.clients[0]?.settings.sector).toBe('vendor:acme');
  });
});

describe('the nearest name', () => {
  it('is none where nothing is near', () => {
    expect(nearestName('zzzzzzzzzzz', ['client_id', 'phase'])).toBeUndefined();
    expect(nearestName('clientId', ['client_name', 'client_id'])).toBe('client_id');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sectorOf, vendorSector } from '../../../src/subjects/sector.ts';
import type { SectorInput } from '../../../src/subjects/sector.ts';

const HOSTS_DIFFER =
  'sector_identifier_uri is required when using pairwise subject type with multiple redirect URIs from different hosts';

function sectorFor(redirectUris: readonly string[], rest: Partial<SectorInput> = {}) {
  return sectorOf({
    clientId: 'client-1',
    subjectType: 'pairwise',
    applicationType: 'web',
    redirectUris,
    ...rest,
  });
}

const is = (value: string) => ({ ok: true, value });
const refused = (message: unknown) => ({ ok: false, error: 'invalid_client_metadata', message });

describe('the host of the redirect URIs', () => {
  it.each([
    ['https://example.com/callback', 'example.com'],
    ['https://example.com:8080/callback', 'example.com:8080'],
    ['http://localhost:3000/callback', 'localhost:3000'],
    ['https://example.com/callback?tenant=1&next=https://other.example/', 'example.com'],
    ['https://example.com:443/callback', 'example.com'],
    ['https://EXAMPLE.com/callback', 'example.com'],
    ['https://bücher.example/callback', 'xn--bcher-kva.example'],
    ['http://[::1]:3000/callback', '[::1]:3000'],
    ['http://127.0.0.1:3000/callback', '127.0.0.1:3000'],
  ])('makes %s the sector %s', (uri, sector) => {
    expect(sectorFor([uri])).toEqual(is(sector));
  });

  it('is shared by two paths on one host', () => {
    expect(
      sectorFor(['https://app.example.com/callback1', 'https://app.example.com/callback2']),
    ).toEqual(is('app.example.com'));
  });

  it.each([
    [['https://app1.example.com/callback', 'https://app2.example.com/callback']],
    [['https://app.example.com/callback', 'https://app.example.com:8443/callback']],
    [['https://app.example.com/callback', 'com.example.app://callback']],
  ])('must be one host for a pairwise client: %j', (uris) => {
    expect(sectorFor(uris)).toEqual(refused(HOSTS_DIFFER));
  });

  it('is not needed by a public client, which is then a sector of its own', () => {
    const uris = ['https://app1.example.com/callback', 'https://app2.example.com/callback'];
    expect(sectorFor(uris, { subjectType: 'public' })).toEqual(is('client:client-1'));
    expect(sectorFor(uris.slice(0, 1), { subjectType: 'public' })).toEqual(is('app1.example.com'));
  });

  it('is not needed by a client without any, which is a sector of its own', () => {
    expect(sectorFor([], { withoutRedirectUris: true })).toEqual(is('client:client-1'));
  });

  it('cannot be told from no URI, or from one that is not absolute', () => {
    expect(sectorFor([])).toEqual(refused(expect.stringContaining('redirect_uris')));
    expect(sectorFor(['not-a-url'])).toEqual(refused(expect.stringContaining('redirect_uris')));
    expect(sectorFor(['https://example.com/', '/callback'])).toMatchObject({ ok: false });
  });

  it('counts by URL.host whatever else stands in the URI', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (uri) => {
        expect(sectorFor([uri])).toEqual(is(new URL(uri).host));
      }),
    );
  });
});

describe('clients on a user’s device', () => {
  it.each([
    [['com.example.app://callback']],
    [['com.example.app:/oauth', 'com.example.other:/oauth']],
    [['http://127.0.0.1/callback', 'http://[::1]/callback', 'http://localhost:9/callback']],
    [['http://127.0.0.1/callback', 'com.example.app:/oauth']],
  ])('are a sector of their own: %j', (uris) => {
    expect(sectorFor(uris, { applicationType: 'native' })).toEqual(is('client:client-1'));
  });

  it('share a sector when they use a claimed https address', () => {
    expect(sectorFor(['https://app.example.com/open'], { applicationType: 'native' })).toEqual(
      is('app.example.com'),
    );
  });

  /*
   * The attack: an app of vendor B names the same custom scheme or the same
   * loopback port as an app of vendor A, to be given A's subjects.
   */
  it('never share one by naming the same scheme or port', () => {
    for (const uri of ['com.example.app://callback', 'http://localhost:3000/callback']) {
      const [a, b] = ['a', 'b'].map((clientId) =>
        sectorFor([uri], { clientId, applicationType: 'native' }),
      );
      expect(a).not.toEqual(b);
    }
  });
});

describe('sector_identifier_uri', () => {
  it('goes before the redirect URIs', () => {
    expect(
      sectorFor(['https://app1.example.com/callback', 'https://app2.example.com/callback'], {
        sectorIdentifierUri: 'https://example.com/.well-known/sector-uris.json',
      }),
    ).toEqual(is('example.com'));
  });

  it.each(['http://example.com/sector.json', 'example.com', 'ftp://example.com/', ''])(
    'must be https: %j',
    (sectorIdentifierUri) => {
      expect(sectorFor(['https://example.com/'], { sectorIdentifierUri })).toEqual(
        refused('sector_identifier_uri must be an https URL'),
      );
    },
  );
});

describe('assigned sectors', () => {
  it('go before everything else', () => {
    expect(
      sectorFor(['https://example.com/'], {
        sectorIdentifierUri: 'https://sector.example/list.json',
        vendorSector: vendorSector('acme'),
        assigned: 'old-portal',
      }),
    ).toEqual(is('old-portal'));
  });

  it.each(['acme', 'app.example.com', 'app.example.com:8443', 'a', 'a_b-c.d'])(
    'may be named %s',
    (assigned) => {
      expect(sectorFor([], { assigned })).toEqual(is(assigned));
    },
  );

  it.each([
    '',
    'Acme',
    'a b',
    'acme/',
    '-acme',
    'acme.',
    'bücher',
    'a:b',
    'acme\n',
    'x'.repeat(256),
  ])('may not be named %j', (assigned) => {
    expect(sectorFor([], { assigned })).toMatchObject(refused(expect.any(String)));
  });

  it('never read like the own sector of a client or vendor', () => {
    expect(sectorFor([], { assigned: 'client:8080' })).toMatchObject({ ok: false });
    expect(sectorFor([], { assigned: 'vendor:1' })).toMatchObject({ ok: false });
  });
});

describe('one sector for a vendor', () => {
  it('is the same for every client, whatever its hosts', () => {
    const one = { vendorSector: vendorSector('acme') };
    expect(sectorFor(['https://a.example/'], one)).toEqual(is('vendor:acme'));
    expect(sectorFor(['https://a.example/', 'com.example:/cb'], one)).toEqual(is('vendor:acme'));
  });
});

describe('hosts that read like an own sector', () => {
  /*
   * The attack: the host "client" with a port is the text of the own sector of
   * a client whose id is that number.
   */
  it.each(['http://client:8080/callback', 'http://vendor:1/callback'])('are refused: %s', (uri) => {
    expect(sectorFor([uri])).toEqual(refused(expect.stringContaining('assign a sector')));
  });

  it('are fine without a port', () => {
    expect(sectorFor(['https://client/callback'])).toEqual(is('client'));
  });
});

describe('the length of a sector', () => {
  it('is at most what the database keeps', () => {
    const clientId = 'x'.repeat(249);
    expect(sectorFor(['app:/cb'], { clientId })).toEqual(
      refused(expect.stringContaining('255 bytes')),
    );
    expect(sectorFor(['app:/cb'], { clientId: 'x'.repeat(248) })).toMatchObject({ ok: true });
  });
});

/*
 * What a vendor wishes of the login page (OpenID Connect Core 3.1.2.1) and of the tokens
 * (RFC 8707 2) reaches the provider, in both front channels, however the request is brought.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, member, vendorByHand } from '../support/by-hand.ts';
import type { VendorKey } from '../support/signing-client.ts';
import { newVendorKey, signedJwt, signingWith } from '../support/signing-client.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const WISHES = {
  prompt: 'login consent',
  max_age: '300',
  acr_values: 'urn:legacy:loa2 urn:legacy:loa1',
  ui_locales: 'de-CH de',
  display: 'popup',
} as const;
const RESOURCES = ['https://api.acme.example/a', 'https://api.acme.example/b?tenant=1'];

describe.each(['relay', 'callback'] as const)('through the front channel %s', (frontChannel) => {
  let world: World;
  let key: VendorKey;
  beforeAll(async () => {
    key = await newVendorKey('ES256');
    world = await createWorld([{ id: 'acme', client: { jwks: { keys: [key.jwk] } } }], {
      environment: { FRONT_CHANNEL: frontChannel },
    });
  });
  afterAll(() => world.close());

  /** The request of a vendor that wishes all of it. */
  function wishing(): URL {
    const { url } = vendorByHand(world, 'acme').request(WISHES);
    for (const resource of RESOURCES) url.searchParams.append('resource', resource);
    return url;
  }

  async function pushed(url: URL): Promise<URL> {
    const { basic, clientId } = vendorByHand(world, 'acme');
    const answer = await ask(`${world.proxy.issuer}/oidc/par`, {
      headers: {
        authorization: basic,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: url.searchParams.toString(),
    });
    return withOnly(url, { client_id: clientId, request_uri: member(answer, 'request_uri') });
  }

  async function signed(url: URL): Promise<URL> {
    const clientId = vendorByHand(world, 'acme').clientId;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      ...Object.fromEntries(url.searchParams),
      ...{ resource: RESOURCES, max_age: Number(WISHES.max_age) },
      ...{ iss: clientId, aud: world.proxy.issuer, iat: now, nbf: now, exp: now + 60 },
    };
    const request = await signedJwt(claims, signingWith(key, { typ: 'oauth-authz-req+jwt' }));
    return withOnly(url, { client_id: clientId, request });
  }

  it.each([
    ['as it is', (url: URL) => Promise.resolve(url)],
    ['pushed', pushed],
    ['signed', signed],
    ['signed and pushed', async (url: URL) => pushed(await signed(url))],
  ])('a request %s passes them on', async (_name, bring) => {
    const address = await bring(wishing());
    const before = world.upstream.requests.length;
    await new Browser().walk(address);
    const first = world.upstream.requests
      .slice(before)
      .find(({ url }) => url.searchParams.has('response_type'));
    const asked = first?.url.searchParams ?? new URLSearchParams();
    // A minute less, so that an `auth_time` that is told early still passes the vendor's check.
    for (const [name, value] of Object.entries({ ...WISHES, max_age: '240' })) {
      expect(asked.getAll(name), name).toEqual([value]);
    }
    expect(asked.getAll('resource')).toEqual(RESOURCES);
  });

  it('nothing is asked for that the vendor did not ask for', async () => {
    const before = world.upstream.requests.length;
    await new Browser().walk(vendorByHand(world, 'acme').request().url);
    const first = world.upstream.requests
      .slice(before)
      .find(({ url }) => url.searchParams.has('response_type'));
    const names = [...(first?.url.searchParams.keys() ?? [])];
    for (const name of [...Object.keys(WISHES), 'resource', 'claims', 'login_hint']) {
      expect(names).not.toContain(name);
    }
  });
});

describe('in the relay', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }]);
  });
  afterAll(() => world.close());

  it('no other resource is put in on the way', async () => {
    const { url: wished } = vendorByHand(world, 'acme').request();
    for (const resource of RESOURCES) wished.searchParams.append('resource', resource);
    const begun = await ask(wished);
    const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const unaltered = String(begun.headers.get('location'));
    expect((await ask(unaltered, { headers: { cookie } })).status).toBeLessThan(400);
    const altered: ((url: URL) => void)[] = [
      (url) => url.searchParams.append('resource', 'https://api.acme.example/c'),
      (url) => url.searchParams.append('resource', RESOURCES[0] ?? ''),
      (url) => url.searchParams.set('resource', RESOURCES[0] ?? ''),
      (url) => url.searchParams.delete('resource'),
      (url) => url.searchParams.append('resource[]', 'https://api.acme.example/c'),
    ];
    for (const alter of altered) {
      const url = new URL(unaltered);
      alter(url);
      const before = world.upstream.requests.length;
      const answer = await ask(url, { headers: { cookie } });
      const told = world.proxy.log.find(
        (line) => line['requestId'] === answer.headers.get('x-request-id') && 'reason' in line,
      );
      expect(told?.['reason']).toBe('relay_refused');
      expect(world.upstream.requests.length).toBe(before);
    }
  });
});

function withOnly(url: URL, parameters: Readonly<Record<string, string>>): URL {
  const address = new URL(url);
  address.search = new URLSearchParams(parameters).toString();
  return address;
}

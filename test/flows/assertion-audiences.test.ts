/*
 * Vendors that sign what they authenticate with, at every endpoint where clients do, by each
 * algorithm. An assertion is meant for the issuer, the token endpoint or the endpoint that it
 * comes to (RFC 7523 3, RFC 9126 2): one that names another of our endpoints alone is refused,
 * so that whoever was shown it for one thing cannot do another with it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import { elsewhereWorld } from '../support/elsewhere.ts';
import { expectRefused } from '../support/refused.ts';
import type { Signing, VendorKey } from '../support/signing-client.ts';
import {
  assertionClaims,
  assertionForm,
  newVendorKey,
  signedJwt,
  signingWith,
} from '../support/signing-client.ts';
import { basic } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

const KEYS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const MACS = ['HS256', 'HS384', 'HS512'];
const ENDPOINTS = ['token', 'par', 'introspect', 'revoke', 'device', 'ciba'] as const;
type EndpointName = (typeof ENDPOINTS)[number];

let world: World;
let key: VendorKey;
beforeAll(async () => {
  key = await newVendorKey('ES256');
  const environment = { TRUSTED_PROXIES: '127.0.0.1/32' };
  const vendors = [
    {
      id: 'signs',
      client: {
        client_secret: undefined,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [key.jwk] },
      },
    },
    { id: 'mac', client: { token_endpoint_auth_method: 'client_secret_jwt' } },
  ];
  world = await elsewhereWorld(vendors, { environment });
});
afterAll(() => world.close());

const signing = (id: string): Signing =>
  id === 'signs'
    ? signingWith(key)
    : { key: Buffer.from(vendorSecret(id)), header: { alg: 'HS256' } };

/** What each endpoint is asked, and by which answer the credential was taken. */
function requestTo(id: string, endpoint: EndpointName) {
  const { url } = vendorByHand(world, id).request();
  const forms: Record<EndpointName, Record<string, string>> = {
    token: { grant_type: 'refresh_token', refresh_token: 'made-up' },
    par: Object.fromEntries(url.searchParams),
    introspect: { token: 'made-up' },
    revoke: { token: 'made-up' },
    device: { scope: 'openid' },
    ciba: { scope: 'openid', login_hint: 'nobody-of-ours' },
  };
  const taken = {
    token: 'invalid_grant',
    par: 'request_uri',
    introspect: 'active',
    revoke: '',
    device: 'device_code',
    ciba: 'unknown_user_id',
  };
  return { form: forms[endpoint], taken: taken[endpoint] };
}

async function present(id: string, endpoint: EndpointName, aud: unknown) {
  const claims = assertionClaims(`${id}-web`, '', { aud });
  return post(endpoint, {
    ...requestTo(id, endpoint).form,
    ...assertionForm(await signedJwt(claims, signing(id))),
  });
}

let address = 0;

/** From a new address each time, so that no attempt has to wait for those before. */
function post(endpoint: EndpointName, form: Record<string, string>, issuer = world.proxy.issuer) {
  address += 1;
  return ask(`${issuer}/oidc/${endpoint}`, {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-forwarded-for': `192.0.2.${address}`,
    },
    body: new URLSearchParams(form).toString(),
  });
}

describe.each(ENDPOINTS)('at %s', (endpoint) => {
  describe.each(['signs', 'mac'])('an assertion of the client that %s', (id) => {
    it.each([
      ['the issuer', () => ''],
      ['the token endpoint', () => '/oidc/token'],
      ['the endpoint itself', () => `/oidc/${endpoint}`],
    ])('is taken for %s', async (_name, path) => {
      const answer = await present(id, endpoint, world.proxy.issuer + path());
      expect(answer.status, answer.body).not.toBe(401);
      expect(answer.body).toContain(requestTo(id, endpoint).taken);
    });

    it('is refused for another endpoint of ours alone', async () => {
      const others = [...ENDPOINTS, 'userinfo', 'authorize', 'jwks'].filter(
        (other) => other !== endpoint && other !== 'token',
      );
      for (const other of others) {
        const aud = `${world.proxy.issuer}/oidc/${other}`;
        await expectRefused(
          world,
          { status: 401, error: 'invalid_client', reason: 'client_assertion_invalid' },
          () => present(id, endpoint, aud),
        );
      }
    });
  });

  it('one that was used elsewhere is used up', async () => {
    const elsewhere = endpoint === 'introspect' ? 'revoke' : 'introspect';
    const claims = assertionClaims('signs-web', world.proxy.issuer);
    const proof = assertionForm(await signedJwt(claims, signingWith(key)));
    await post(elsewhere, { ...requestTo('signs', elsewhere).form, ...proof });
    await expectRefused(
      world,
      { status: 401, error: 'invalid_client', reason: 'client_assertion_replayed' },
      () => post(endpoint, { ...requestTo('signs', endpoint).form, ...proof }),
    );
  });
});

describe('a client that only ever signs', () => {
  let every: World;
  const keys = new Map<string, VendorKey>();
  beforeAll(async () => {
    for (const alg of [...KEYS, 'EdDSA']) keys.set(alg, await newVendorKey(alg));
    every = await createWorld([
      ...[...keys.values()].map(({ alg, jwk }) => ({
        id: alg.toLowerCase(),
        client: {
          client_secret: undefined,
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: alg,
          jwks: { keys: [jwk] },
        },
      })),
      ...MACS.map((alg) => ({
        id: alg.toLowerCase(),
        client: {
          client_secret: `${vendorSecret(alg)}-and-some-more-bytes-for-sha-512`,
          token_endpoint_auth_method: 'client_secret_jwt',
          token_endpoint_auth_signing_alg: alg,
        },
      })),
    ]);
  });
  afterAll(() => every.close());

  // RFC 9864 2.2: Ed25519 is another name of the one EdDSA that there is.
  it.each([...KEYS, ...MACS, 'EdDSA', 'Ed25519'])(
    'by %s introspects its token, revokes it, and sees it gone',
    async (alg) => {
      const registered = alg === 'Ed25519' ? 'EdDSA' : alg;
      const id = registered.toLowerCase();
      const pair = keys.get(registered);
      const by: Signing =
        pair === undefined
          ? {
              key: Buffer.from(`${vendorSecret(alg)}-and-some-more-bytes-for-sha-512`),
              header: { alg },
            }
          : signingWith(pair, { alg });
      const { issuer } = every.proxy;
      const signed = async (endpoint: EndpointName, form: Record<string, string>) => {
        const claims = assertionClaims(`${id}-web`, `${issuer}/oidc/${endpoint}`);
        return post(endpoint, { ...form, ...assertionForm(await signedJwt(claims, by)) }, issuer);
      };
      const vendor = vendorByHand(every, id);
      const { code, verifier } = await vendor.begin(new Browser());
      const tokens = await signed('token', {
        grant_type: 'authorization_code',
        ...{ code, code_verifier: verifier, redirect_uri: vendor.redirectUri },
      });
      const token = member(tokens, 'access_token');
      expect(members(await signed('introspect', { token }))).toMatchObject({ active: true });
      expect((await signed('revoke', { token })).status).toBe(200);
      expect(members(await signed('introspect', { token }))).toEqual({ active: false });
    },
  );

  it('is not let in by a secret at any endpoint', async () => {
    for (const endpoint of ENDPOINTS.filter((name) => name !== 'device' && name !== 'ciba')) {
      const answer = await ask(`${every.proxy.issuer}/oidc/${endpoint}`, {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...basic('hs256-web', `${vendorSecret('HS256')}-and-some-more-bytes-for-sha-512`),
        },
        body: 'token=made-up&grant_type=refresh_token&refresh_token=made-up',
      });
      expect(answer.status, endpoint).toBe(401);
    }
  });
});

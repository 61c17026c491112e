/*
 * Vendors that never send a secret: they sign what they authenticate with
 * (RFC 7523, OpenID Connect Core 9). Two libraries do it in their own ways.
 */
import type { JWK } from 'jose';
import { exportJWK, generateKeyPair } from 'jose';
import * as plain from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openRelyingParty } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import { listen } from '../support/listen.ts';
import { openPlainRelyingParty } from '../support/vendors/oauth4webapi.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../support/world.ts';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** A pair of a vendor, the public key as it registers it. */
async function pairFor(alg: string) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = `key-${alg}`;
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg };
  return { kid, jwk, privateKey };
}

let world: World;
let publishing: Awaited<ReturnType<typeof listen>>;
const published: { keys: JWK[]; asked: number } = { keys: [], asked: 0 };

beforeAll(async () => {
  const pairs = await Promise.all(ALGORITHMS.map(pairFor));
  publishing = await listen((_request, response) => {
    published.asked += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: published.keys }));
  });
  const keyed = pairs.map(({ jwk, kid, privateKey }, position) => ({
    id: `signs-${ALGORITHMS[position]?.toLowerCase()}`,
    client: {
      client_secret: undefined,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: ALGORITHMS[position],
      jwks: { keys: [jwk] },
    },
    // One library at a time, so that each of them signs with RSA and with a curve.
    ...(position % 2 === 0
      ? {
          software: { authentication: client.PrivateKeyJwt({ key: privateKey, kid }) },
          library: openRelyingParty,
        }
      : {
          software: { authentication: plain.PrivateKeyJwt({ key: privateKey, kid }) },
          library: openPlainRelyingParty,
        }),
  }));
  const rotating = await pairFor('ES256');
  const next = { ...(await pairFor('ES256')), kid: 'next' };
  published.keys = [rotating.jwk];
  world = await createWorld([
    ...keyed,
    {
      id: 'mac',
      client: { token_endpoint_auth_method: 'client_secret_jwt' },
      software: { authentication: client.ClientSecretJwt(vendorSecret('mac')) },
    },
    {
      id: 'publishes',
      client: {
        client_secret: undefined,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: `http://127.0.0.1:${publishing.port}/jwks`,
      },
      software: {
        authentication: client.PrivateKeyJwt({ key: rotating.privateKey, kid: rotating.kid }),
      },
    },
    {
      id: 'rotated',
      client: {
        client_secret: undefined,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: `http://127.0.0.1:${publishing.port}/jwks?of=rotated`,
      },
      software: { authentication: client.PrivateKeyJwt({ key: next.privateKey, kid: next.kid }) },
    },
    {
      id: 'upward',
      client: {
        upstream: { client_id: 'legacy-upward', token_endpoint_auth_method: 'private_key_jwt' },
      },
    },
    {
      id: 'posted',
      client: {
        upstream: {
          client_id: 'legacy-posted',
          client_secret: upstreamSecret('posted'),
          token_endpoint_auth_method: 'client_secret_post',
        },
      },
      upstreamClient: { token_endpoint_auth_method: 'client_secret_post' },
    },
  ]);
  published.keys = [rotating.jwk, { ...next.jwk, kid: 'next' }];
});
afterAll(async () => {
  await world.close();
  await publishing.close();
});

describe('a vendor that signs', () => {
  it.each([...ALGORITHMS.map((alg) => `signs-${alg.toLowerCase()}`), 'mac', 'publishes'])(
    '%s logs in, refreshes and asks userinfo',
    async (id) => {
      const vendor = world.vendor(id);
      const tokens = await vendor.logIn(new Browser(), 'alice');
      const party = await vendor.party();
      const refreshed = await party.refresh(tokens);
      expect(refreshed.claims['sub']).toBe(tokens.claims['sub']);
      expect((await party.userinfo(refreshed))['sub']).toBe(tokens.claims['sub']);
    },
  );

  it('may change its keys: an unknown one is looked for at its jwks_uri', async () => {
    const tokens = await world.vendor('rotated').logIn(new Browser(), 'bob');
    expect(tokens.claims['sub']).toMatch(/^\w+$/);
  });
});

describe('towards the upstream', () => {
  it('signs with a key of the ring that our jwks_uri publishes', async () => {
    const answer = await fetch(`${world.proxy.issuer}/oidc/jwks`);
    const jwks = (await answer.json()) as { keys: object[] };
    world.upstream.setClients(
      world.upstream.clients.map((known) => {
        if (known.client_id !== 'legacy-upward') return known;
        const { client_secret: _unused, ...rest } = known;
        return { ...rest, token_endpoint_auth_method: 'private_key_jwt', jwks };
      }),
    );
    await world.proxy.application.upstream.recheck();
    const tokens = await world.vendor('upward').logIn(new Browser(), 'alice');
    expect(tokens.claims['sub']).toMatch(/^\w+$/);
    const sent = world.upstream.requests.filter(({ body }) => body.includes('client_assertion='));
    expect(sent.length).toBeGreaterThan(0);
    expect(world.upstream.errors).toEqual([]);
  });

  it('sends the secret in the form where that is registered', async () => {
    await world.vendor('posted').logIn(new Browser(), 'alice');
    const bodies = world.upstream.requests.map(({ body }) => body);
    expect(bodies.some((body) => body.includes('client_id=legacy-posted&client_secret='))).toBe(
      true,
    );
  });
});

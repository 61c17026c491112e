import { createHash } from 'node:crypto';

import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { openPlainRelyingParty } from '../support/vendors/oauth4webapi.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/** The hash of OpenID Connect Core 3.1.3.6 for each algorithm; Ed25519 hashes with SHA-512. */
const HASHES = { RS256: 'sha256', ES256: 'sha256', PS256: 'sha256', EdDSA: 'sha512' } as const;
const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const;

let world: World;
beforeAll(async () => {
  world = await createWorld([
    ...ALGORITHMS.map((alg) => ({
      id: alg.toLowerCase(),
      client: { id_token_signed_response_alg: alg },
      software: { idTokenAlg: alg },
      ...(alg === 'ES256' ? { library: openPlainRelyingParty } : {}),
    })),
    { id: 'default' },
  ]);
});
afterAll(() => world.close());

describe.each(ALGORITHMS)('a client registered for %s', (alg) => {
  it('gets ID tokens so signed, with the hash of the token it really gets', async () => {
    const vendor = world.vendor(alg.toLowerCase());
    const tokens = await vendor.logIn(new Browser(), 'alice');
    const refreshed = await (await vendor.party()).refresh(tokens);
    for (const { idToken, accessToken } of [tokens, refreshed]) {
      const { payload } = await verified(idToken, alg);
      expect(payload).toMatchObject({ iss: world.proxy.issuer, aud: vendor.clientId });
      const digest = createHash(HASHES[alg]).update(accessToken).digest();
      const half = digest.subarray(0, digest.length / 2).toString('base64url');
      expect(payload['at_hash']).toBe(half);
    }
  });
});

it('a client that says nothing gets RS256', async () => {
  const { idToken } = await world.vendor('default').logIn(new Browser(), 'alice');
  expect(decodeProtectedHeader(idToken)).toMatchObject({ alg: 'RS256', typ: 'JWT' });
});

it('every key that is published is public, and says what it is for', async () => {
  for (const key of (await jwks()).keys) {
    expect(key).toMatchObject({ use: 'sig', kid: expect.any(String), alg: expect.any(String) });
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
      expect(key).not.toHaveProperty(secret);
    }
  }
});

it('what the upstream signs with is not among our keys', async () => {
  const kids = (await jwks()).keys.map(({ kid }) => kid);
  expect(kids).toHaveLength(ALGORITHMS.length);
  expect(kids).not.toContain(world.upstream.signingKey().kid);
});

async function verified(idToken: string, alg: string) {
  return jwtVerify(idToken, createLocalJWKSet(await jwks()), { algorithms: [alg] });
}

async function jwks(): Promise<Parameters<typeof createLocalJWKSet>[0]> {
  const answer = await fetch(`${world.proxy.issuer}/oidc/jwks`);
  return (await answer.json()) as Parameters<typeof createLocalJWKSet>[0];
}

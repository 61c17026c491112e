/*
 * A signed assertion is a credential for one moment and one server. Attackers replay
 * one that they saw, at another replica too; use one that was meant for another
 * server; sign with what is public; or change what was signed (RFC 7523 5, RFC 8725).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ask, vendorByHand } from '../support/by-hand.ts';
import { expectRefused } from '../support/refused.ts';
import type { Signing, VendorKey } from '../support/signing-client.ts';
import {
  assertionClaims,
  assertionForm,
  newVendorKey,
  signedJwt,
  signingWith,
} from '../support/signing-client.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

const ID = 'acme-web';

let world: World;
let replica: TestProxy;
let key: VendorKey;
let ring: object[];
beforeAll(async () => {
  key = await newVendorKey('RS256');
  world = await createWorld(
    [
      {
        id: 'acme',
        client: {
          client_secret: undefined,
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: [key.jwk] },
        },
      },
      {
        id: 'pinned',
        client: {
          client_secret: undefined,
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'PS256',
          jwks: { keys: [{ ...key.jwk, alg: undefined }] },
        },
      },
      { id: 'mac', client: { token_endpoint_auth_method: 'client_secret_jwt' } },
      { id: 'bolt' },
    ],
    { environment: { TRUSTED_PROXIES: '127.0.0.1/32' } },
  );
  replica = await world.proxy.replica();
  const answer = await fetch(`${world.proxy.issuer}/oidc/jwks`);
  ({ keys: ring } = (await answer.json()) as { keys: object[] });
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

let address = 0;

/** A refresh with a made-up token: past the credential it fails as `invalid_grant`. */
function attempt(assertion: string, form: Record<string, string> = {}, issuer?: string) {
  address += 1;
  return ask(`${issuer ?? world.proxy.issuer}/oidc/token`, {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-forwarded-for': `192.0.2.${address}`,
    },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: 'made-up',
      ...assertionForm(assertion),
      ...form,
    }).toString(),
  });
}

function assertion(changes: Record<string, unknown> = {}, by: Signing = signingWith(key)) {
  return signedJwt(assertionClaims(ID, world.proxy.issuer, changes), by);
}

const seconds = (from: number) => Math.floor(Date.now() / 1000) + from;
const INVALID = {
  status: 401,
  error: 'invalid_client',
  reason: 'client_assertion_invalid',
} as const;

/** Whether the credential was taken. */
async function isTaken(answer: ReturnType<typeof ask>): Promise<boolean> {
  const { body } = await answer;
  return (JSON.parse(body) as { error: string }).error === 'invalid_grant';
}

describe('a client assertion', () => {
  it.each([
    ['our issuer', ''],
    ['the token endpoint', '/oidc/token'],
  ])('for %s is taken', async (_what, path) => {
    const aud = world.proxy.issuer + path;
    expect(await isTaken(attempt(await assertion({ aud })))).toBe(true);
    expect(await isTaken(attempt(await assertion({ aud: [aud] })))).toBe(true);
  });

  it('is good once, in all replicas together', async () => {
    const aud = world.proxy.issuer;
    const jwt = await assertion({ aud });
    expect(await isTaken(attempt(jwt))).toBe(true);
    const replayed = { ...INVALID, reason: 'client_assertion_replayed' } as const;
    await expectRefused(world, replayed, () => attempt(jwt));
    // Signed anew, with the jti of one that the other replica took.
    const jti = 'one-jti-for-two';
    const theirs = await assertion({ aud: replica.issuer, jti });
    expect(await isTaken(attempt(theirs, {}, replica.issuer))).toBe(true);
    const again = await assertion({ jti });
    await expectRefused(world, replayed, () => attempt(again));
  });

  it('of one client does not use up the jti of another', async () => {
    const jti = 'the-same-for-both';
    expect(await isTaken(attempt(await assertion({ jti })))).toBe(true);
    const secret = Buffer.from(vendorSecret('mac'));
    const claims = assertionClaims('mac-web', world.proxy.issuer, { jti });
    const other = await signedJwt(claims, { key: secret, header: { alg: 'HS256' } });
    expect(await isTaken(attempt(other))).toBe(true);
  });

  it.each([
    ['for another server', { aud: 'https://other.example' }],
    ['for us and another server', { aud: ['https://other.example', 'http://localhost'] }],
    ['for nobody', { aud: undefined }],
    ['for an empty list', { aud: [] }],
    ['of another issuer', { iss: 'bolt-web' }],
    ['without an issuer', { iss: undefined }],
    ['without an expiry', { exp: undefined }],
    ['with an expiry as text', { exp: '9999999999' }],
    ['that is good for a year', { exp: seconds(31_536_000) }],
    ['of tomorrow', { iat: seconds(86_400) }],
    ['that is not good yet', { nbf: seconds(600) }],
    ['without a jti', { jti: undefined }],
    ['with an empty jti', { jti: '' }],
    ['with a number as its jti', { jti: 7 }],
    ['with a very long jti', { jti: 'j'.repeat(5000) }],
  ])('%s is refused', async (_what, changes) => {
    const jwt = await assertion(changes);
    await expectRefused(world, INVALID, () => attempt(jwt));
  });

  it('that has expired is refused', async () => {
    const jwt = await assertion({ exp: seconds(-31), iat: seconds(-90) });
    const expected = { ...INVALID, reason: 'client_assertion_expired' } as const;
    await expectRefused(world, expected, () => attempt(jwt));
  });

  it('signed by MAC with a public key as its secret is refused', async () => {
    for (const known of [JSON.stringify(key.jwk), JSON.stringify(ring[0]), String(key.jwk.n)]) {
      const by = { key: Buffer.from(known), header: { alg: 'HS256', kid: key.kid } };
      const jwt = await assertion({}, by);
      await expectRefused(world, INVALID, () => attempt(jwt));
    }
  });

  it('that nobody signed is refused', async () => {
    const [, payload = ''] = (await assertion()).split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      await expectRefused(world, INVALID, () => attempt(`${header}.${payload}.`));
    }
  });

  it('signed by a stranger is refused, under a known and an unknown kid', async () => {
    const known = await assertion({}, signingWith(await newVendorKey('RS256', key.kid)));
    await expectRefused(world, INVALID, () => attempt(known));
    const unknown = await assertion({}, signingWith(await newVendorKey('RS256', 'other')));
    const expected = { ...INVALID, reason: 'client_assertion_key_unknown' } as const;
    await expectRefused(world, expected, () => attempt(unknown));
  });

  it('that brings its own key is refused', async () => {
    const stranger = await newVendorKey('RS256', key.kid);
    const own = { jwk: stranger.jwk, jku: 'https://attacker.example/jwks' };
    const jwt = await assertion({}, signingWith(stranger, own));
    await expectRefused(world, INVALID, () => attempt(jwt));
  });

  it.each(['dpop+jwt', 'oauth-authz-req+jwt', 'at+jwt', 'logout+jwt'])(
    'that is of the type %s is refused',
    async (typ) => {
      const jwt = await assertion({}, signingWith(key, { typ }));
      await expectRefused(world, INVALID, () => attempt(jwt));
    },
  );

  it('signed with another algorithm than the registered one is refused', async () => {
    const claims = assertionClaims('pinned-web', world.proxy.issuer);
    const jwt = await signedJwt(claims, { key: key.privateKey, header: { alg: 'RS256' } });
    await expectRefused(world, INVALID, () => attempt(jwt));
  });

  it.each([
    ['that is a secret', { client_secret: 'something' }],
    ['of another client', { client_id: 'bolt-web' }],
  ])('beside a second identity %s is refused', async (_what, form) => {
    const jwt = await assertion();
    const expected = {
      status: 400,
      error: 'invalid_request',
      reason: 'request_malformed',
    } as const;
    await expectRefused(world, expected, () => attempt(jwt, form));
  });

  it('of another type than a JWT is refused', async () => {
    const jwt = await assertion();
    const form = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
    };
    const expected = { ...INVALID, reason: 'client_authentication_method' } as const;
    await expectRefused(world, expected, () => attempt(jwt, form));
  });
});

describe('the registered method', () => {
  const refused = { ...INVALID, reason: 'client_authentication_failed' } as const;

  it('is the only one: a signed client has no other way in', async () => {
    await expectRefused(world, refused, () =>
      ask(`${world.proxy.issuer}/oidc/token`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `grant_type=refresh_token&refresh_token=x&client_id=mac-web&client_secret=${vendorSecret('mac')}`,
      }),
    );
    await expectRefused(world, refused, () =>
      ask(`${world.proxy.issuer}/oidc/token`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `grant_type=refresh_token&refresh_token=x&client_id=${ID}`,
      }),
    );
  });

  it('is the only one: a client with a secret cannot sign with it', async () => {
    const bolt = vendorByHand(world, 'bolt');
    const claims = assertionClaims(bolt.clientId, world.proxy.issuer);
    const secret = Buffer.from(vendorSecret('bolt'));
    const jwt = await signedJwt(claims, { key: secret, header: { alg: 'HS256' } });
    await expectRefused(world, refused, () => attempt(jwt));
  });
});

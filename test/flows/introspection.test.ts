import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import {
  apiNamed,
  introspectAs,
  openParty,
  registerApi,
  tokensFor,
} from '../support/resource-servers.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Introspection (RFC 7662) as a vendor's client and its APIs use it, with
 * upstreams that have it and upstreams that do not.
 */

const API = apiNamed('acme-api');
const ELSEWHERE = apiNamed('acme-other-sector-api');
const JWT_API = 'https://jwt.example';

let world: World;
let seconds = 0;
beforeAll(async () => {
  world = await createWorld(
    [
      { id: 'acme', client: { sector: 'acme.example' } },
      { id: 'bolt' },
      { id: 'jwt', client: { access_token_format: 'jwt', resources: [JWT_API] } },
      { id: 'open', client: { phase: 'public' } },
      { id: 'legacy', authentication: 'forwarded' },
      { id: 'spa', authentication: 'public' },
    ],
    {
      clock: () => new Date(Date.now() + seconds * 1000),
      upstream: { profiles: ['opaque-tokens'] },
    },
  );
  await registerApi(world, 'acme', API, { sector: 'acme.example' });
  await registerApi(world, 'acme', ELSEWHERE, { sector: 'api.acme.example' });
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

/** From now on the upstream says nothing of these endpoints. */
async function withoutUpstream(...names: readonly string[]): Promise<void> {
  const gone = Object.fromEntries(names.map((name) => [name, undefined]));
  world.upstream.faults.arm('discovery', withMembers(gone));
  await world.proxy.application.upstream.recheck();
}

describe.each([
  ['has introspection', []],
  ['has none', ['introspection_endpoint', 'revocation_endpoint']],
])('where the upstream %s', (_name, gone) => {
  beforeAll(() => withoutUpstream(...gone));
  afterAll(async () => {
    world.upstream.faults.clear();
    await world.proxy.application.upstream.recheck();
  });

  it('a client learns of its own access token, with the subject of its ID token', async () => {
    const { issuer } = world.proxy;
    const tokens = await tokensFor(world, 'acme', new Browser(), { resource: API.audience });
    const config = await openParty(issuer, 'acme-web', vendorSecret('acme'));
    const answer = await client.tokenIntrospection(config, tokens.accessToken);
    expect(answer).toEqual({
      active: true,
      iss: issuer,
      sub: decodeJwt(tokens.idToken).sub,
      client_id: 'acme-web',
      scope: 'openid',
      token_type: 'Bearer',
      aud: [API.audience],
      exp: expect.any(Number) as unknown,
    });
    const left = Number(answer.exp) - Math.floor((Date.now() + seconds * 1000) / 1000);
    if (gone.length === 0) expect(left).toBeGreaterThan(3000);
    else expect(left).toBeLessThanOrEqual(300);
  });

  it('an API of the same sector learns the same subject', async () => {
    const tokens = await tokensFor(world, 'acme', new Browser(), { resource: API.audience });
    const answer = await introspectAs(world.proxy.issuer, API, tokens.accessToken);
    expect(answer.body).toMatchObject({
      active: true,
      sub: decodeJwt(tokens.idToken).sub,
      aud: [API.audience],
    });
  });

  it('an API learns nothing of a token that is not for it, nor of a refresh token', async () => {
    const { issuer } = world.proxy;
    const bare = await tokensFor(world, 'acme', new Browser());
    const meant = await tokensFor(world, 'acme', new Browser(), { resource: API.audience });
    for (const token of [bare.accessToken, meant.refreshToken, meant.idToken]) {
      expect((await introspectAs(issuer, API, token)).body).toEqual({ active: false });
    }
  });

  it('a JWT access token is introspected as a sealed one is', async () => {
    const tokens = await tokensFor(world, 'jwt', new Browser());
    const caller = { id: 'jwt-web', secret: vendorSecret('jwt') };
    const answer = await introspectAs(world.proxy.issuer, caller, tokens.accessToken);
    expect(answer.body).toMatchObject({
      active: true,
      sub: decodeJwt(tokens.accessToken).sub,
      aud: [JWT_API],
      exp: decodeJwt(tokens.accessToken).exp,
    });
  });

  it('a token is inactive once its grant is revoked, in every replica', async () => {
    const tokens = await tokensFor(world, 'acme', new Browser());
    const replica = await world.proxy.replica();
    const config = await openParty(world.proxy.issuer, 'acme-web', vendorSecret('acme'));
    await client.tokenRevocation(config, tokens.refreshToken);
    await replica.application.registry.refresh();
    const caller = { id: 'acme-web', secret: vendorSecret('acme') };
    for (const { issuer } of [world.proxy, replica]) {
      const { body } = await introspectAs(issuer, caller, tokens.accessToken);
      expect(body).toEqual({ active: false });
    }
    await replica.close();
  });
});

it('a client of the phase public is told the original subject, as in its ID token', async () => {
  const tokens = await tokensFor(world, 'open', new Browser());
  const caller = { id: 'open-web', secret: vendorSecret('open') };
  const { body } = await introspectAs(world.proxy.issuer, caller, tokens.accessToken);
  expect(body).toMatchObject({ active: true, sub: 'alice' });
});

describe('an API in another sector of the vendor', () => {
  it('gets no subject for a user who has none there, and none is made', async () => {
    const { issuer } = world.proxy;
    const tokens = await tokensFor(world, 'acme', new Browser(), { resource: ELSEWHERE.audience });
    for (let time = 0; time < 2; time += 1) {
      const { body } = await introspectAs(issuer, ELSEWHERE, tokens.accessToken);
      expect(body).toMatchObject({ active: true });
      expect(body).not.toHaveProperty('sub');
    }
    const made = await world.database.db('pseudonyms').where({
      sector: Buffer.from('api.acme.example'),
    });
    expect(made).toEqual([]);
  });
});

describe('a refresh token', () => {
  it('is active for its client where the upstream can be asked', async () => {
    const tokens = await tokensFor(world, 'acme', new Browser());
    const caller = { id: 'acme-web', secret: vendorSecret('acme') };
    const { body } = await introspectAs(world.proxy.issuer, caller, tokens.refreshToken);
    expect(body).toMatchObject({ active: true, sub: decodeJwt(tokens.idToken).sub });
    expect(body).not.toHaveProperty('token_type');
  });

  it('is inactive where it cannot, since nobody but the upstream knows whether it was rotated', async () => {
    const tokens = await tokensFor(world, 'acme', new Browser());
    await withoutUpstream('introspection_endpoint');
    const caller = { id: 'acme-web', secret: vendorSecret('acme') };
    const { body } = await introspectAs(world.proxy.issuer, caller, tokens.refreshToken);
    expect(body).toEqual({ active: false });
    world.upstream.faults.clear();
    await world.proxy.application.upstream.recheck();
  });
});

it('a token that the upstream no longer takes is inactive', async () => {
  const tokens = await tokensFor(world, 'acme', new Browser());
  world.upstream.faults.arm('introspection', withMembers({ active: false }));
  const caller = { id: 'acme-web', secret: vendorSecret('acme') };
  const { body } = await introspectAs(world.proxy.issuer, caller, tokens.accessToken);
  expect(body).toEqual({ active: false });
});

it('a forwarded client is authenticated by the upstream', async () => {
  const party = vendorByHand(world, 'legacy');
  const tokens = await party.logIn(new Browser());
  const ours = { id: party.clientId, secret: String(party.secret) };
  const { issuer } = world.proxy;
  expect((await introspectAs(issuer, ours, tokens.accessToken)).body).toMatchObject({
    active: true,
    sub: decodeJwt(tokens.idToken).sub,
  });
  const wrong = { ...ours, secret: 'not-the-secret-of-this-client-0123' };
  for (const token of [tokens.accessToken, 'nonsense']) {
    expect((await introspectAs(issuer, wrong, token)).status).toBe(401);
  }
});

describe('a signed answer (RFC 9701)', () => {
  const ACCEPT = { accept: 'application/token-introspection+jwt' };

  it('holds the same members, for the one who asked', async () => {
    const { issuer } = world.proxy;
    const tokens = await tokensFor(world, 'acme', new Browser(), { resource: API.audience });
    const response = await fetch(`${issuer}/oidc/introspect`, {
      method: 'POST',
      headers: { ...ACCEPT, authorization: `Basic ${btoa(`${API.id}:${API.secret}`)}` },
      body: new URLSearchParams({ token: tokens.accessToken }),
    });
    expect(response.headers.get('content-type')).toBe('application/token-introspection+jwt');
    const { payload } = await jwtVerify(
      await response.text(),
      createRemoteJWKSet(new URL(`${issuer}/oidc/jwks`)),
      { issuer, audience: API.id, typ: 'token-introspection+jwt' },
    );
    expect(Object.keys(payload).toSorted()).toEqual(['aud', 'iat', 'iss', 'token_introspection']);
    const { body } = await introspectAs(issuer, API, tokens.accessToken);
    expect(payload['token_introspection']).toEqual({ ...body, exp: expect.any(Number) as unknown });
  });

  it('says no more than inactive of what the caller may not know', async () => {
    const { issuer } = world.proxy;
    const response = await fetch(`${issuer}/oidc/introspect`, {
      method: 'POST',
      headers: { ...ACCEPT, authorization: `Basic ${btoa(`${API.id}:${API.secret}`)}` },
      body: new URLSearchParams({ token: 'nonsense' }),
    });
    const { token_introspection: members } = decodeJwt(await response.text());
    expect(members).toEqual({ active: false });
  });

  it('is understood by openid-client', async () => {
    const config = await openParty(world.proxy.issuer, 'acme-web', vendorSecret('acme'));
    client.enableNonRepudiationChecks(config);
    const tokens = await tokensFor(world, 'acme', new Browser());
    const parameters = { token_type_hint: 'access_token' };
    const answer = await client.tokenIntrospection(config, tokens.accessToken, parameters);
    expect(answer.active).toBe(true);
  });
});

it('a public client cannot introspect', async () => {
  const tokens = await tokensFor(world, 'spa', new Browser());
  const response = await fetch(`${world.proxy.issuer}/oidc/introspect`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'spa-web', token: tokens.accessToken }),
  });
  expect(response.status).toBe(401);
});

it('an expired token is inactive', async () => {
  const tokens = await tokensFor(world, 'acme', new Browser());
  seconds += 7200;
  await world.proxy.application.registry.refresh();
  const caller = { id: 'acme-web', secret: vendorSecret('acme') };
  const { body } = await introspectAs(world.proxy.issuer, caller, tokens.accessToken);
  expect(body).toEqual({ active: false });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as oauth from 'oauth4webapi';

import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { introspectAs, tokensFor } from '../support/resource-servers.ts';
import { basic, postForm } from '../support/steps.ts';
import { status, withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Revocation (RFC 7009): the grant ends here, in every replica, and at an
 * upstream that has revocation; a failure of the upstream leaves nothing usable
 * behind, and asking again completes it.
 */

const REVOCATION = '/token/revocation';

let world: World;
beforeAll(async () => {
  world = await createWorld(
    [
      { id: 'acme' },
      { id: 'spa', authentication: 'public' },
      { id: 'old', authentication: 'forwarded' },
    ],
    { upstream: { profiles: ['opaque-tokens'] } },
  );
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

function revoke(token: string, headers: Record<string, string>, more: Record<string, string> = {}) {
  return postForm(`${world.proxy.issuer}/oidc/revoke`, { token, ...more }, headers);
}

function asAcme(): Record<string, string> {
  return basic('acme-web', vendorSecret('acme'));
}

function asked(): number {
  return world.upstream.requests.filter(({ url }) => url.pathname === REVOCATION).length;
}

describe.each([
  ['an access token', 'accessToken', 'access_token'],
  ['a refresh token', 'refreshToken', 'refresh_token'],
] as const)('%s', (_name, which, hint) => {
  it.each([
    ['the right hint', { token_type_hint: hint }],
    [
      'the wrong hint',
      { token_type_hint: hint === 'access_token' ? 'refresh_token' : 'access_token' },
    ],
    ['a hint that nobody knows', { token_type_hint: 'pat' }],
    ['no hint', {}],
  ])('ends with its grant, by %s', async (_hint, more) => {
    const tokens = await tokensFor(world, 'acme', new Browser());
    const before = asked();
    expect((await revoke(tokens[which], asAcme(), more)).status).toBe(200);
    expect(asked()).toBe(before + 1);
    const party = vendorByHand(world, 'acme');
    expect((await party.userinfo(tokens.accessToken)).status).toBe(401);
    expect((await party.refresh(tokens.refreshToken)).status).toBe(400);
    expect((await revoke(tokens[which], asAcme(), more)).status).toBe(200);
  });
});

it('ends in a replica that was not asked', async () => {
  const replica = await world.proxy.replica();
  const tokens = await tokensFor(world, 'acme', new Browser());
  await revoke(tokens.accessToken, asAcme());
  await replica.application.registry.refresh();
  const { status: answered } = await vendorByHand(world, 'acme').userinfo(
    tokens.accessToken,
    replica.issuer,
  );
  expect(answered).toBe(401);
  await replica.close();
});

it('a public client revokes with oauth4webapi, from a script of its own origin', async () => {
  const tokens = await tokensFor(world, 'spa', new Browser());
  const { issuer } = world.proxy;
  const { origin, redirectUri } = world.vendor('spa');
  const insecure = { [oauth.allowInsecureRequests]: true };
  const server = await oauth.processDiscoveryResponse(
    new URL(issuer),
    await oauth.discoveryRequest(new URL(issuer), insecure),
  );
  const client = { client_id: 'spa-web' };
  const response = await oauth.revocationRequest(
    server,
    client,
    oauth.None(),
    tokens.refreshToken,
    {
      ...insecure,
      headers: new Headers({ origin: new URL(redirectUri).origin }),
    },
  );
  await oauth.processRevocationResponse(response.clone());
  expect(response.headers.get('access-control-allow-origin')).toBe(new URL(origin).origin);
  expect((await vendorByHand(world, 'spa').userinfo(tokens.accessToken)).status).toBe(401);
});

describe('where the upstream', () => {
  it('has no revocation, the grant ends here', async () => {
    world.upstream.faults.arm('discovery', withMembers({ revocation_endpoint: undefined }));
    await world.proxy.application.upstream.recheck();
    const tokens = await tokensFor(world, 'acme', new Browser());
    const before = asked();
    expect((await revoke(tokens.accessToken, asAcme())).status).toBe(200);
    expect(asked()).toBe(before);
    expect((await vendorByHand(world, 'acme').userinfo(tokens.accessToken)).status).toBe(401);
    world.upstream.faults.clear();
    await world.proxy.application.upstream.recheck();
  });

  it.each([500, 503, 429])(
    'fails with %i, the vendor is told to come back, and nothing usable is left',
    async (code) => {
      const tokens = await tokensFor(world, 'acme', new Browser());
      world.upstream.faults.arm('revocation', status(code), 1);
      const failed = await revoke(tokens.refreshToken, asAcme());
      expect(failed.status).toBe(503);
      expect(failed.headers.get('retry-after')).toBe('5');
      expect(JSON.stringify(failed.body)).not.toContain('alice');
      expect((await vendorByHand(world, 'acme').userinfo(tokens.accessToken)).status).toBe(401);
      const before = asked();
      expect((await revoke(tokens.refreshToken, asAcme())).status).toBe(200);
      expect(asked()).toBe(before + 1);
    },
  );

  it('cannot revoke this kind of token, the grant ends here', async () => {
    const readable = await createWorld([{ id: 'acme' }], {
      upstream: { profiles: ['jwt-tokens'] },
    });
    const tokens = await tokensFor(readable, 'acme', new Browser());
    const address = `${readable.proxy.issuer}/oidc/revoke`;
    const answer = await postForm(address, { token: tokens.accessToken }, asAcme());
    expect(answer.status).toBe(200);
    expect((await vendorByHand(readable, 'acme').userinfo(tokens.accessToken)).status).toBe(401);
    await readable.close();
  });
});

describe('a forwarded client', () => {
  it('is authenticated by the upstream before anything is revoked', async () => {
    const party = vendorByHand(world, 'old');
    const tokens = await party.logIn(new Browser());
    const wrong = basic(party.clientId, 'not-the-secret-of-this-client-0123');
    for (const token of [tokens.accessToken, 'nonsense']) {
      expect((await revoke(token, wrong)).status).toBe(401);
    }
    expect((await party.userinfo(tokens.accessToken)).status).toBe(200);
    expect((await revoke(tokens.accessToken, { authorization: party.basic })).status).toBe(200);
    expect((await party.userinfo(tokens.accessToken)).status).toBe(401);
  });
});

it('a revoked token is inactive at introspection at once', async () => {
  const tokens = await tokensFor(world, 'acme', new Browser());
  await revoke(tokens.refreshToken, asAcme());
  const caller = { id: 'acme-web', secret: vendorSecret('acme') };
  const { body } = await introspectAs(world.proxy.issuer, caller, tokens.accessToken);
  expect(body).toEqual({ active: false });
});

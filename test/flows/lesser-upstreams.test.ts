import { SignJWT, decodeJwt, importJWK } from 'jose';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { authorize } from '../support/steps.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered, withMembers } from '../support/upstream/faults.ts';
import { openPlainRelyingParty } from '../support/vendors/oauth4webapi.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Legacy providers lack things, and say others in ways that strict libraries do
 * not take. The vendors see nothing of it: what is missing the proxy adds, and
 * what is odd it evens out.
 */

const VENDORS = ['acme', 'bolt'];
let world: World;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }, { id: 'bolt', library: openPlainRelyingParty }]);
});
afterAll(() => world.close());
afterEach(async () => {
  world.upstream.faults.clear();
  await world.proxy.application.upstream.recheck();
});

describe('an upstream without PKCE', () => {
  it('gets none, and the proxy checks the vendor’s itself', async () => {
    const nothing = { code_challenge_methods_supported: undefined };
    world.upstream.faults.arm('discovery', withMembers(nothing));
    await world.proxy.application.upstream.recheck();
    const vendor = world.vendor('acme');
    const { callback, pending, party } = await authorize(vendor, new Browser(), 'alice');
    const asked = world.upstream.requests.findLast(({ url }) => url.pathname === '/auth');
    expect(asked?.url.searchParams.has('code_challenge')).toBe(false);
    const other = { ...pending, codeVerifier: 'v'.repeat(43) };
    await expect(party.finish(callback, other)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await party.finish(callback, pending)).claims['sub']).toMatch(/^[a-z2-7]{52}$/);
  });
});

describe.each(VENDORS)('%s logs in and refreshes', (id) => {
  it.each([
    ['without iss in the authorization response', withoutIss],
    ['with an audience that is a list', audienceList],
    [
      'with a lifetime in words of its own',
      () => tokenMembers({ expires_in: '3599', scope: ['openid'] }),
    ],
    [
      'without a scope, a lifetime, a token type',
      () => tokenMembers({ scope: undefined, expires_in: undefined, token_type: undefined }),
    ],
    [
      'with members that nobody knows',
      () =>
        tokenMembers({ session_state: 'legacy-state', username: 'alice', 'not-before-policy': 0 }),
    ],
    ['without an ID token in refresh answers', noRefreshedIdToken],
  ])('%s', async (_name, arm) => {
    arm();
    const tokens = await world.vendor(id).logIn(new Browser(), 'alice');
    const party = await world.vendor(id).party();
    const refreshed = await party.refresh(tokens);
    expect(tokens.claims['sub']).toMatch(/^[a-z2-7]{52}$/);
    expect(refreshed.claims['sub']).toBe(tokens.claims['sub']);
    expect(decodeJwt(tokens.idToken).aud).toBe(world.vendor(id).clientId);
  });
});

describe.each(VENDORS)('%s is told invalid_grant', (id) => {
  it.each([
    ['in words of its own', 400, { error: 'AADSTS70008', error_description: 'for alice' }],
    ['with status 200', 200, { error: 'invalid_grant' }],
    ['with status 403', 403, { error: 'invalid_grant', username: 'alice' }],
  ])('where the upstream refuses %s', async (_name, status, body) => {
    const tokens = await world.vendor(id).logIn(new Browser(), 'alice');
    world.upstream.faults.arm(
      'token',
      altered((answer) => ({ ...withJson(answer, body), status })),
    );
    const party = await world.vendor(id).party();
    await expect(party.refresh(tokens)).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});

function withoutIss(): void {
  world.upstream.faults.arm(
    'authorize',
    altered((answer) => {
      const location = URL.parse(answer.headers['location'] ?? '');
      if (location === null) return answer;
      location.searchParams.delete('iss');
      return { ...answer, headers: { ...answer.headers, location: location.href } };
    }),
  );
}

function audienceList(): void {
  world.upstream.faults.arm(
    'token',
    altered(async (answer) => {
      const body = jsonIn(answer);
      const claims = decodeJwt(String(body['id_token']));
      const key = world.upstream.signingKey();
      const idToken = await new SignJWT({ ...claims, aud: [String(claims.aud)] })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid })
        .sign(await importJWK(key, 'RS256'));
      return withJson(answer, { ...body, id_token: idToken });
    }),
  );
}

function tokenMembers(members: Record<string, unknown>): void {
  world.upstream.faults.arm('token', withMembers(members));
}

function noRefreshedIdToken(): void {
  world.upstream.faults.arm(
    'token',
    altered((answer, { body }) =>
      body.includes('grant_type=refresh_token')
        ? withJson(answer, { ...jsonIn(answer), id_token: undefined })
        : answer,
    ),
  );
}

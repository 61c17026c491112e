import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { apiNamed, introspectAs, registerApi, tokensFor } from '../support/resource-servers.ts';
import { basic, postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Somebody asks introspection and revocation about tokens that are not theirs:
 * without credentials, with another's, with tokens that were tampered with, made
 * up, or of another kind. Whatever they try, a token that is somebody else's
 * looks like one that never was, to the byte; and it goes on working.
 */

const API = apiNamed('acme-api');

let world: World;
let tokens: Awaited<ReturnType<typeof tokensFor>>;
let code: string;
beforeAll(async () => {
  world = await createWorld();
  await registerApi(world, 'acme', API);
  tokens = await tokensFor(world, 'acme', new Browser(), { resource: API.audience });
  const begun = await vendorByHand(world, 'acme').begin(new Browser());
  code = begun.code;
});
afterAll(() => world.close());

const bolt = () => ({ id: 'bolt-web', secret: vendorSecret('bolt') });

function tampered(token: string): string {
  const at = Math.floor(token.length / 2);
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

/** An answer to the byte, less what differs between any two answers. */
async function exactly(token: string): Promise<string> {
  const { status, headers, body } = await introspectAs(world.proxy.issuer, bolt(), token);
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  return JSON.stringify([status, kept, body]);
}

describe('introspection', () => {
  it('says the same, to the byte, of what is another’s and of what never was', async () => {
    const answers = new Set<string>();
    for (const token of [
      ...[tokens.accessToken, tokens.refreshToken, tokens.idToken, code],
      ...[tampered(tokens.accessToken), tampered(tokens.refreshToken)],
      ...[randomBytes(32).toString('base64url'), 'x', 'a.b.c', 'a..b.c.d', '{"active":true}'],
      'y'.repeat(20_000),
    ]) {
      answers.add(await exactly(token));
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('{"active":false}');
  });

  it('tells its own client nothing of a tampered token, or of what is no token', async () => {
    const acme = { id: 'acme-web', secret: vendorSecret('acme') };
    for (const token of [tampered(tokens.accessToken), tokens.idToken, code]) {
      const { body } = await introspectAs(world.proxy.issuer, acme, token);
      expect(body).toEqual({ active: false });
    }
  });

  it.each([
    ['nobody', {}],
    ['somebody made up', basic('nobody', 'a-secret-that-is-nobody-s-0123456789')],
    ['a client with a wrong secret', basic('acme-web', vendorSecret('bolt'))],
    ['an API with its client’s secret', basic(API.id, vendorSecret('acme'))],
    ['the bearer of the token', { authorization: 'Bearer x' }],
  ])('does not answer %s', async (_name, headers) => {
    for (const path of ['introspect', 'revoke']) {
      const address = `${world.proxy.issuer}/oidc/${path}`;
      const answer = await postForm(address, { token: tokens.accessToken }, headers);
      expect([
        [401, 'invalid_client'],
        [400, 'invalid_request'],
      ]).toContainEqual([answer.status, answer.body['error']]);
      expect(answer.body).not.toHaveProperty('active');
    }
  });

  it('asks the upstream nothing about a token that is not the caller’s', async () => {
    const before = world.upstream.requests.length;
    await introspectAs(world.proxy.issuer, bolt(), tokens.accessToken);
    expect(world.upstream.requests).toHaveLength(before);
  });

  it('takes the token from the form alone, and once', async () => {
    const address = `${world.proxy.issuer}/oidc/introspect`;
    const authorization = basic('acme-web', vendorSecret('acme'));
    const inQuery = await fetch(`${address}?token=${tokens.accessToken}`, {
      method: 'POST',
      headers: { ...authorization, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(inQuery.status).toBe(400);
    const twice = await fetch(address, {
      method: 'POST',
      headers: authorization,
      body: new URLSearchParams([
        ['token', tokens.accessToken],
        ['token', 'other'],
      ]),
    });
    expect(twice.status).toBe(400);
    const got = await fetch(`${address}?token=${tokens.accessToken}`, { headers: authorization });
    expect(got.status).toBe(405);
  });
});

it('an API’s credential opens nothing else: no login, no tokens', async () => {
  const { issuer } = world.proxy;
  const headers = basic(API.id, API.secret);
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken };
  const codes = { grant_type: 'authorization_code', code, redirect_uri: 'https://acme.example/' };
  for (const form of [refresh, codes, { grant_type: 'client_credentials' }]) {
    const answer = await postForm(`${issuer}/oidc/token`, form, headers);
    expect(answer.status).toBe(400);
    expect(answer.body).not.toHaveProperty('access_token');
  }
  expect(
    (await postForm(`${issuer}/oidc/revoke`, { token: tokens.accessToken }, headers)).status,
  ).toBe(200);
});

it('the owner’s tokens still work after all of this', async () => {
  const party = vendorByHand(world, 'acme');
  expect((await party.userinfo(tokens.accessToken)).status).toBe(200);
  expect((await party.refresh(tokens.refreshToken)).status).toBe(200);
});

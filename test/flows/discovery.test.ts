import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE } from '../../demo/legacy-idp/users.ts';
import { SCOPE_CLAIMS } from '../../src/tokens/released-names.ts';
import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import { answerTo } from '../support/steps.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * The discovery document is a promise. Each member is taken at its word, and
 * what the proxy cannot do must not stand there, whatever the upstream can.
 */

/** A user whose claims do not hold the username by chance. */
const PAT = { ...ALICE, username: 'pat', password: 'pat-password' };

const RELEASABLE = ['acr', 'amr', ...[...SCOPE_CLAIMS.values()].flat()];

let world: World;
let document: Record<string, unknown>;
beforeAll(async () => {
  world = await createWorld(
    [
      { id: 'acme' },
      { id: 'bolt' },
      { id: 'full', client: { response_types: ['code id_token'], release_claims: RELEASABLE } },
    ],
    { upstream: { users: [PAT] } },
  );
  document = await documentAt('/.well-known/openid-configuration');
});
afterAll(() => world.close());

it('names the proxy as issuer, and no address but the proxy’s', () => {
  expect(document['issuer']).toBe(world.proxy.issuer);
  const text = JSON.stringify(document);
  expect(text).not.toContain(new URL(world.upstream.issuer).host);
  for (const [name, value] of Object.entries(document)) {
    if (/_endpoint$|_uri$/.test(name)) expect(value).toMatch(`${world.proxy.issuer}/oidc/`);
  }
});

it('is the same at the address of RFC 8414', async () => {
  expect(await documentAt('/.well-known/oauth-authorization-server')).toEqual(document);
});

it('has every member that OpenID Connect Discovery 3 requires', () => {
  for (const name of [
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'response_types_supported',
    'subject_types_supported',
    'id_token_signing_alg_values_supported',
  ]) {
    expect(document).toHaveProperty(name);
  }
  expect(document['subject_types_supported']).toEqual(['pairwise', 'public']);
});

it('tells false where silence would mean true', () => {
  // Discovery 3: request_uri_parameter_supported defaults to true.
  expect(document['request_uri_parameter_supported']).toBe(false);
  // RFC 8414 2: the default would include the implicit grant.
  expect(document['grant_types_supported']).toEqual([
    'authorization_code',
    'implicit',
    'refresh_token',
    'client_credentials',
  ]);
});

it.each([
  'registration_endpoint',
  'device_authorization_endpoint',
  'backchannel_authentication_endpoint',
  'check_session_iframe',
  'claims_locales_supported',
])('does not speak of %s', (name) => {
  expect(document).not.toHaveProperty(name);
});

describe('each list is true', () => {
  it('every signing algorithm has a published key', async () => {
    const { keys } = (await documentAt('/oidc/jwks')) as { keys: { alg: string }[] };
    expect(keys.map(({ alg }) => alg).toSorted()).toEqual(
      listed('id_token_signing_alg_values_supported').toSorted(),
    );
  });

  it('every claim that it names is one that some client can get', async () => {
    const named = listed('claims_supported');
    world.upstream.faults.arm(
      'userinfo',
      altered((answer) => withJson(answer, { ...jsonIn(answer), ...everyClaim(named) })),
    );
    const vendor = vendorByHand(world, 'full');
    const { url, state, verifier } = vendor.request({
      ...{ response_type: 'code id_token', max_age: '300' },
    });
    const callback = await new Browser().login(url, { username: 'pat' });
    const sent = new URLSearchParams(callback.hash.slice(1));
    expect(sent.get('state')).toBe(state);
    const answer = await vendor.redeem({ code: sent.get('code') ?? '', verifier });
    const userinfo = await vendor.userinfo(member(answer, 'access_token'));
    world.upstream.faults.clear();
    const seen = new Set([
      ...Object.keys(decodeJwt(sent.get('id_token') ?? '')),
      ...Object.keys(decodeJwt(member(answer, 'id_token'))),
      ...Object.keys(members(userinfo)),
    ]);
    expect(named.filter((name) => !seen.has(name))).toEqual([]);
  });

  it('every response mode is taken', async () => {
    for (const mode of listed('response_modes_supported')) {
      const { clientId, redirectUri } = world.vendor('acme');
      const { answer, status } = await answerTo(new Browser(), world.proxy.issuer, {
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        response_mode: mode,
        scope: 'openid',
      });
      expect([mode, answer, status]).toEqual([mode, undefined, 200]);
    }
  });
});

async function documentAt(path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(world.proxy.issuer + path);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  return (await answer.json()) as Record<string, unknown>;
}

function listed(name: string): string[] {
  return document[name] as string[];
}

/** A value for each claim, none of which names the user. */
function everyClaim(names: readonly string[]): Readonly<Record<string, unknown>> {
  const protocol = new Set(['iss', 'sub', 'aud', 'exp', 'iat', 'nonce', 'sid', 'auth_time']);
  return Object.fromEntries(
    names.flatMap((name) => (protocol.has(name) ? [] : [[name, `the ${name}`]])),
  );
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { answerTo } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * The discovery document is a promise. Each member is taken at its word, and
 * what the proxy cannot do must not stand there, whatever the upstream can.
 */

let world: World;
let document: Record<string, unknown>;
beforeAll(async () => {
  world = await createWorld();
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
  'end_session_endpoint',
  'registration_endpoint',
  'device_authorization_endpoint',
  'backchannel_authentication_endpoint',
  'check_session_iframe',
  'frontchannel_logout_supported',
  'backchannel_logout_supported',
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
    const tokens = await world.vendor('acme').logIn(new Browser(), 'alice');
    const timed = await world.vendor('bolt').party();
    const { url, pending } = await timed.begin({ max_age: '300' });
    const callback = await new Browser().login(url, { username: 'alice' });
    const { claims } = await timed.finish(callback, pending);
    const seen = new Set([...Object.keys(tokens.claims), ...Object.keys(claims)]);
    for (const name of listed('claims_supported')) expect(seen, name).toContain(name);
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

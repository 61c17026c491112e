/*
 * Pushed and signed authorization requests as the libraries of vendors make them
 * (RFC 9126, RFC 9101), each vendor with a client that takes nothing less.
 */
import * as plain from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorKey } from '../support/signing-client.ts';
import { newVendorKey } from '../support/signing-client.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let key: VendorKey;
beforeAll(async () => {
  key = await newVendorKey('ES256');
  const signed = {
    client_secret: undefined,
    token_endpoint_auth_method: 'private_key_jwt',
    request_object_signing_alg: 'ES256',
    jwks: { keys: [key.jwk] },
  };
  world = await createWorld([
    { id: 'pushes', client: { ...signed, require_pushed_authorization_requests: true } },
    { id: 'signs', client: { ...signed, require_signed_request_object: true } },
  ]);
});
afterAll(() => world.close());

/** openid-client for a vendor of the world, which signs what it authenticates with. */
async function configurationOf(id: string): Promise<client.Configuration> {
  const authentication = client.PrivateKeyJwt({ key: key.privateKey, kid: key.kid });
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  const { clientId } = world.vendor(id);
  return client.discovery(new URL(world.proxy.issuer), clientId, {}, authentication, { execute });
}

/** A request of a vendor, with what its answer is checked by. */
async function requestOf(id: string) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const checks = {
    ...{ expectedState: client.randomState(), expectedNonce: client.randomNonce() },
    ...{ pkceCodeVerifier, idTokenExpected: true },
  };
  const parameters = {
    redirect_uri: world.vendor(id).redirectUri,
    scope: 'openid email',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  return { parameters, checks };
}

describe('openid-client', () => {
  it('pushes its request and signs its credential', async () => {
    const configuration = await configurationOf('pushes');
    const { parameters, checks } = await requestOf('pushes');
    const url = await client.buildAuthorizationUrlWithPAR(configuration, parameters);
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
    const callback = await new Browser().login(url, { username: 'alice' });
    const tokens = await client.authorizationCodeGrant(configuration, callback, checks);
    expect(tokens.claims()?.sub).toMatch(/^[a-z2-7]{52}$/);
  });

  it('signs its request', async () => {
    const configuration = await configurationOf('signs');
    const { parameters, checks } = await requestOf('signs');
    const { privateKey, kid } = key;
    const url = await client.buildAuthorizationUrlWithJAR(configuration, parameters, {
      key: privateKey,
      kid,
    });
    expect(url.searchParams.has('request')).toBe(true);
    const callback = await new Browser().login(url, { username: 'alice' });
    const tokens = await client.authorizationCodeGrant(configuration, callback, checks);
    expect(tokens.claims()?.sub).toMatch(/^[a-z2-7]{52}$/);
  });
});

describe('oauth4webapi', () => {
  it('pushes a signed request', async () => {
    const issuer = new URL(world.proxy.issuer);
    const options = { [plain.allowInsecureRequests]: true };
    const server = await plain.processDiscoveryResponse(
      issuer,
      await plain.discoveryRequest(issuer, options),
    );
    const { parameters, checks } = await requestOf('signs');
    const party: plain.Client = { client_id: world.vendor('signs').clientId };
    const signing = { key: key.privateKey, kid: key.kid };
    const authentication = plain.PrivateKeyJwt(signing);
    const request = await plain.issueRequestObject(
      server,
      party,
      { ...parameters, response_type: 'code' },
      signing,
    );
    const pushed = await plain.processPushedAuthorizationResponse(
      server,
      party,
      await plain.pushedAuthorizationRequest(server, party, authentication, { request }, options),
    );
    expect(pushed.expires_in).toBe(90);
    const url = new URL(server.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      client_id: party.client_id,
      request_uri: pushed.request_uri,
    }).toString();
    const callback = await new Browser().login(url, { username: 'bob' });
    const response = await plain.authorizationCodeGrantRequest(
      server,
      party,
      authentication,
      plain.validateAuthResponse(server, party, callback, checks.expectedState),
      parameters.redirect_uri,
      checks.pkceCodeVerifier,
      options,
    );
    const answer = await plain.processAuthorizationCodeResponse(server, party, response, {
      expectedNonce: checks.expectedNonce,
      requireIdToken: true,
    });
    expect(plain.getValidatedIdTokenClaims(answer)?.sub).toMatch(/^[a-z2-7]{52}$/);
  });
});

it('discovery tells what is taken', async () => {
  const answer = await fetch(`${world.proxy.issuer}/.well-known/openid-configuration`);
  expect(await answer.json()).toMatchObject({
    pushed_authorization_request_endpoint: `${world.proxy.issuer}/oidc/par`,
    require_pushed_authorization_requests: false,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    request_object_signing_alg_values_supported: expect.arrayContaining(['ES256', 'RS256']),
    token_endpoint_auth_methods_supported: expect.arrayContaining([
      'client_secret_jwt',
      'private_key_jwt',
    ]),
    token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(['ES256', 'HS256']),
  });
});

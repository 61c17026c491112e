/*
 * Where a request does not travel in the open, attackers try what comes in its
 * place: a request_uri of somebody else's, one that was used, one that points to a
 * server of theirs (RFC 9126 7, RFC 9101 10); and request objects that nobody
 * signed, signed for somebody else, or made for another purpose.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import type { VendorKey } from '../support/signing-client.ts';
import {
  assertionClaims,
  newVendorKey,
  signedJwt,
  signingWith,
} from '../support/signing-client.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let key: VendorKey;
let acme: VendorByHand;
let now = new Date();
beforeAll(async () => {
  key = await newVendorKey('ES256');
  const jwks = { keys: [key.jwk] };
  world = await createWorld(
    [
      { id: 'acme', client: { jwks } },
      { id: 'bolt' },
      { id: 'pushes', client: { require_pushed_authorization_requests: true } },
      { id: 'signs', client: { require_signed_request_object: true, jwks } },
      { id: 'old', authentication: 'forwarded' },
      { id: 'spa', authentication: 'public' },
    ],
    { clock: () => now },
  );
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

/** Pushes a request; by default through the world's own proxy. */
function push(vendor: VendorByHand, changes: Record<string, string | undefined> = {}) {
  const { url } = vendor.request(changes);
  return ask(`${world.proxy.issuer}/oidc/par`, {
    headers: {
      ...(vendor.secret === undefined ? {} : { authorization: vendor.basic }),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: url.searchParams.toString(),
  });
}

function authorize(parameters: Record<string, string>): Promise<Answer> {
  const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
  url.search = new URLSearchParams(parameters).toString();
  return ask(url);
}

/** The error of an answer, wherever it stands. */
function errorOf(answer: Answer): string {
  const location = answer.headers.get('location');
  if (location !== null) return new URL(location).searchParams.get('error') ?? 'none';
  if (answer.headers.get('content-type')?.startsWith('text/html')) {
    return /<code>(\w+)<\/code>/.exec(answer.body)?.[1] ?? 'none';
  }
  return member(answer, 'error');
}

describe('a request_uri', () => {
  it('is good for one login', async () => {
    const requestUri = member(await push(acme), 'request_uri');
    const sent = { client_id: acme.clientId, request_uri: requestUri };
    expect((await authorize(sent)).status).toBe(303);
    expect(errorOf(await authorize(sent))).toBe('invalid_request_uri');
  });

  it('is good for one login of two at once', async () => {
    const requestUri = member(await push(acme), 'request_uri');
    const sent = { client_id: acme.clientId, request_uri: requestUri };
    const answers = await Promise.all([1, 2, 3].map(() => authorize(sent)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
  });

  it('is not good for another client', async () => {
    const requestUri = member(await push(acme), 'request_uri');
    const bolt = vendorByHand(world, 'bolt');
    const answer = await authorize({
      client_id: bolt.clientId,
      request_uri: requestUri,
      redirect_uri: bolt.redirectUri,
    });
    expect(errorOf(answer)).toBe('invalid_request_uri');
  });

  it('is good for 90 seconds', async () => {
    const requestUri = member(await push(acme), 'request_uri');
    const before = now;
    now = new Date(before.getTime() + 91_000);
    await world.proxy.application.registry.refresh();
    const answer = await authorize({ client_id: acme.clientId, request_uri: requestUri });
    now = before;
    await world.proxy.application.registry.refresh();
    expect(errorOf(answer)).toBe('invalid_request_uri');
  });

  it.each([
    ['https://attacker.example/request.jwt', 'request_uri_not_supported'],
    ['urn:ietf:params:oauth:request_uri:', 'invalid_request_uri'],
    [`urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`, 'invalid_request_uri'],
    ['urn:ietf:params:oauth:request_uri:../../etc/passwd', 'invalid_request_uri'],
    ['urn:example:other', 'request_uri_not_supported'],
  ])('%s is refused with %s', async (requestUri, error) => {
    const answer = await authorize({ client_id: acme.clientId, request_uri: requestUri });
    expect(errorOf(answer)).toBe(error);
  });

  it('beats whatever the browser adds', async () => {
    const requestUri = member(await push(acme, { scope: 'openid' }), 'request_uri');
    const answer = await authorize({
      client_id: acme.clientId,
      request_uri: requestUri,
      scope: 'openid profile email',
      redirect_uri: 'https://attacker.example/cb',
      state: 'changed',
    });
    const sent = new URL(answer.headers.get('location') ?? '');
    expect(sent.searchParams.get('scope')).toBe('openid');
    expect(sent.searchParams.get('redirect_uri')).toBe(acme.redirectUri);
  });
});

describe('pushing', () => {
  it.each([
    ['redirect_uri', 'https://attacker.example/cb', 'invalid_request'],
    ['response_type', 'everything', 'unsupported_response_type'],
    ['scope', 'profile', 'invalid_scope'],
    ['request_uri', 'urn:ietf:params:oauth:request_uri:x', 'invalid_request'],
    ['prompt', 'none login', 'invalid_request'],
  ])('%s = %s is refused with %s, as JSON', async (name, value, error) => {
    const answer = await push(acme, { [name]: value });
    expect(answer.status).toBe(400);
    expect(members(answer)['error']).toBe(error);
  });

  it('is refused without the right credential', async () => {
    const answer = await ask(`${world.proxy.issuer}/oidc/par`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: acme.request().url.searchParams.toString(),
    });
    expect([answer.status, errorOf(answer)]).toEqual([401, 'invalid_client']);
  });

  it('is refused to forwarded clients, whose credential nobody here can judge', async () => {
    const answer = await push(vendorByHand(world, 'old'));
    expect([answer.status, errorOf(answer)]).toEqual([400, 'unauthorized_client']);
  });

  it('is open to public clients, with PKCE', async () => {
    expect((await push(vendorByHand(world, 'spa'))).status).toBe(201);
    const bare = await push(vendorByHand(world, 'spa'), {
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    expect(errorOf(bare)).toBe('invalid_request');
  });

  it('is for POST', async () => {
    expect((await ask(`${world.proxy.issuer}/oidc/par`)).status).toBe(405);
  });

  it('can be required: then a request by the browser is refused', async () => {
    const vendor = vendorByHand(world, 'pushes');
    const answer = await ask(vendor.request().url);
    expect(errorOf(answer)).toBe('invalid_request');
    const requestUri = member(await push(vendor), 'request_uri');
    const taken = await authorize({ client_id: vendor.clientId, request_uri: requestUri });
    expect(taken.status).toBe(303);
    expect(errorOf(taken)).toBe('none');
  });
});

describe('a request object', () => {
  const good = (changes: Record<string, unknown> = {}, by = signingWith(key)) => {
    const { url } = acme.request();
    const { sub: _sub, jti: _jti, ...times } = assertionClaims(acme.clientId, world.proxy.issuer);
    return signedJwt({ ...Object.fromEntries(url.searchParams), ...times, ...changes }, by);
  };
  const send = async (requestObject: string) =>
    authorize({
      client_id: acme.clientId,
      request: requestObject,
      redirect_uri: acme.redirectUri,
    });

  it('logs a user in by what stands inside alone', async () => {
    const { url, state } = acme.request();
    const inside = Object.fromEntries(url.searchParams);
    const start = new URL(`${world.proxy.issuer}/oidc/authorize`);
    const requestObject = await good({ ...inside, max_age: 300, claims: { id_token: {} } });
    start.search = new URLSearchParams({
      client_id: acme.clientId,
      request: requestObject,
      state: 'from outside',
      redirect_uri: 'https://attacker.example/cb',
    }).toString();
    const callback = await new Browser().login(start, { username: 'alice' });
    expect(callback.searchParams.get('state')).toBe(state);
  });

  it('can be pushed', async () => {
    const answer = await ask(`${world.proxy.issuer}/oidc/par`, {
      headers: { authorization: acme.basic, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ request: await good() }).toString(),
    });
    const taken = await authorize({
      client_id: acme.clientId,
      request_uri: member(answer, 'request_uri'),
    });
    expect([taken.status, errorOf(taken)]).toEqual([303, 'none']);
  });

  it.each([
    ['for another issuer', { aud: 'https://other.example' }],
    ['for us and another', { aud: ['https://other.example'] }],
    ['without an audience', { aud: undefined }],
    ['of another issuer', { iss: 'bolt-web' }],
    ['with the client id of another', { client_id: 'bolt-web' }],
    ['without a client id', { client_id: undefined }],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['that never expires', { exp: undefined }],
    ['that expires next year', { exp: Math.floor(Date.now() / 1000) + 31_536_000 }],
    ['that could serve as an assertion', { sub: 'acme-web' }],
    ['within a request object', { request: 'e30.e30.e30' }],
    ['that points elsewhere', { request_uri: 'https://attacker.example/r' }],
  ])('%s is refused', async (_what, changes) => {
    expect(errorOf(await send(await good(changes)))).toBe('invalid_request_object');
  });

  it('that nobody signed is refused', async () => {
    const [, payload = ''] = (await good()).split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(errorOf(await send(`${header}.${payload}.`))).toBe('invalid_request_object');
  });

  it('signed by MAC with the public key as its secret is refused', async () => {
    const secret = Buffer.from(JSON.stringify(key.jwk));
    const forged = await good({}, { key: secret, header: { alg: 'HS256', kid: key.kid } });
    expect(errorOf(await send(forged))).toBe('invalid_request_object');
  });

  it('signed by a stranger under the same kid is refused', async () => {
    const stranger = await newVendorKey('ES256');
    expect(errorOf(await send(await good({}, signingWith(stranger))))).toBe(
      'invalid_request_object',
    );
  });

  it('that is another kind of JWT is refused', async () => {
    const proof = await good({}, signingWith(key, { typ: 'dpop+jwt' }));
    expect(errorOf(await send(proof))).toBe('invalid_request_object');
  });

  it('changed by one letter is refused', async () => {
    const [header = '', payload = '', signature = ''] = (await good()).split('.');
    const changed = Buffer.from(payload, 'base64url').toString().replace('openid', 'openie');
    const forged = [header, Buffer.from(changed).toString('base64url'), signature].join('.');
    expect(errorOf(await send(forged))).toBe('invalid_request_object');
  });

  it('can be required: then plain parameters are refused, also pushed', async () => {
    const vendor = vendorByHand(world, 'signs');
    expect(errorOf(await ask(vendor.request().url))).toBe('invalid_request');
    expect(errorOf(await push(vendor))).toBe('invalid_request');
  });
});

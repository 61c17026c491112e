/*
 * A request object is signed by the client, so that nobody on the way changes a
 * parameter. One of another client, for another server, or made for another
 * purpose must not pass for it (RFC 9101 4, 6, 10).
 */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { verifyRequestObject } from '../../../src/tokens/request-object.ts';
import type { RequestObjectExpectation } from '../../../src/tokens/request-object.ts';
import type { ClientKey } from '../../../src/vendors/client-keys.ts';
import { handMadeJws } from '../../support/hand-made-jws.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

const EXPECTED: RequestObjectExpectation = {
  clientId: 'acme-web',
  issuer: 'https://login.example',
  keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k' } as ClientKey],
  algorithm: undefined,
  now,
};

const ABOUT_ITSELF = {
  ...{ iss: 'acme-web', aud: 'https://login.example', jti: 'one' },
  ...{ iat: seconds, nbf: seconds, exp: seconds + 60 },
};

function requestObject(claims: object = {}, header = {}, { privateKey } = pair): string {
  const payload = { ...ABOUT_ITSELF, client_id: 'acme-web', ...claims };
  return handMadeJws({ alg: 'RS256', kid: 'k', ...header }, payload, privateKey);
}

async function judged(jwt: string, changes: Partial<RequestObjectExpectation> = {}) {
  const result = await verifyRequestObject(jwt, { ...EXPECTED, ...changes });
  return result.ok ? 'believed' : result.reason;
}

describe('the parameters of a request object', () => {
  const read = async (claims: object) => {
    const result = await verifyRequestObject(requestObject(claims), EXPECTED);
    return result.ok ? [...result.value] : result.reason;
  };

  test('are its claims, but for those about the JWT itself', async () => {
    expect(await read({ scope: 'openid', state: 's' })).toEqual([
      ['client_id', 'acme-web'],
      ['scope', 'openid'],
      ['state', 's'],
    ]);
  });

  test('are JSON where they are not text, and nothing where they are null', async () => {
    const claims = { max_age: 60, claims: { userinfo: { name: null } }, nonce: null };
    expect(await read(claims)).toEqual([
      ['client_id', 'acme-web'],
      ['max_age', '60'],
      ['claims', '{"userinfo":{"name":null}}'],
    ]);
  });

  test('hold a list of resources as parameters of one name, and any other list as JSON', async () => {
    const resource = ['https://a.example', 'https://b.example'];
    expect(await read({ resource, prompt: ['none'] })).toEqual([
      ['client_id', 'acme-web'],
      ['resource', 'https://a.example'],
      ['resource', 'https://b.example'],
      ['prompt', '["none"]'],
    ]);
    expect(await read({ resource: 'https://a.example' })).toEqual([
      ['client_id', 'acme-web'],
      ['resource', 'https://a.example'],
    ]);
  });
});

describe('a request object is believed', () => {
  test.each(['JWT', 'oauth-authz-req+jwt', 'application/oauth-authz-req+jwt'])(
    'of type %s',
    async (typ) => expect(await judged(requestObject({}, { typ }))).toBe('believed'),
  );

  test('by the registered algorithm', async () => {
    expect(await judged(requestObject(), { algorithm: 'RS256' })).toBe('believed');
  });
});

describe('a request object is refused', () => {
  test.each<[string, string]>([
    ['is no JWT', 'nonsense'],
    ['is a client assertion', requestObject({}, { typ: 'client-authentication+jwt' })],
    ['would serve as a client assertion', requestObject({ sub: 'acme-web' })],
    ['is signed by somebody else', requestObject({}, {}, other)],
    ['is of another issuer', requestObject({ iss: 'bolt-web' })],
    ['asks for another client', requestObject({ client_id: 'bolt-web' })],
    ['asks for no client', requestObject({ client_id: undefined })],
    ['holds another request object', requestObject({ request: 'e30.e30.AA' })],
    ['points to another request object', requestObject({ request_uri: 'urn:x' })],
    ['is for another server', requestObject({ aud: 'https://elsewhere.example' })],
    ['has expired', requestObject({ exp: seconds - 60 })],
    ['never expires', requestObject({ exp: undefined })],
  ])('that %s', async (_what, jwt) => {
    expect(await judged(jwt)).toBe('request_object_invalid');
  });

  test('by another algorithm than the registered one', async () => {
    expect(await judged(requestObject(), { algorithm: 'PS256' })).toBe('request_object_invalid');
  });

  test('of a key that is not known, so that the keys may be fetched again', async () => {
    expect(await judged(requestObject({}, { kid: 'n' }))).toBe('client_assertion_key_unknown');
  });
});

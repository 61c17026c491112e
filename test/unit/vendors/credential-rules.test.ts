import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { canVerify, publishedKeys } from '../../../src/vendors/client-keys.ts';
import { describeProblem } from '../../../src/vendors/problem.ts';
import { readRegistrations } from '../../../src/vendors/registration.ts';
import { canBypass } from '../../../src/vendors/rules.ts';

const jwkOf = (type: 'rsa' | 'ec' | 'ed25519', options: object = {}, which = 'publicKey') => {
  const pair = generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  return pair[which as 'publicKey'].export({ format: 'jwk' });
};
const EC = jwkOf('ec', { namedCurve: 'P-256' });
const RSA = jwkOf('rsa', { modulusLength: 2048 });
const BYPASS = { accept_bypass: true };
const SIGNED = { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' };

function register(more: object) {
  const entry = {
    client_id: 'acme-web',
    client_secret: 'a-secret-of-32-bytes-or-some-more',
    upstream: { client_id: 'acme-upstream', client_secret: 'upstream-secret' },
    redirect_uris: ['https://acme.example/callback'],
    ...more,
  };
  const clients = [JSON.parse(JSON.stringify(entry)) as object];
  const registrations = readRegistrations(
    { vendors: [{ id: 'acme', clients }] },
    { env: () => undefined, file: () => '' },
  );
  return { ...registrations, said: registrations.problems.map(describeProblem).join('\n') };
}

describe('registration takes', () => {
  it.each([
    ['keys by value', { ...SIGNED, jwks: { keys: [EC] } }],
    ['the address of keys', { ...SIGNED, jwks_uri: 'https://acme.example/jwks' }],
    ['plain http on loopback', { ...SIGNED, jwks_uri: 'http://127.0.0.1:8080/jwks' }],
    ['an algorithm with its key', keyed('RS512', RSA)],
    ['client_secret_jwt', { token_endpoint_auth_method: 'client_secret_jwt' }],
    [
      'signed requests',
      { require_signed_request_object: true, request_object_signing_alg: 'ES256', jwks: jwks(EC) },
    ],
    ['pushed requests', { require_pushed_authorization_requests: true }],
    ['our own key upstream', upstream({ token_endpoint_auth_method: 'private_key_jwt' })],
    ['no credential upstream', { ...upstream({ token_endpoint_auth_method: 'none' }), ...BYPASS }],
  ])('%s', (_what, more) => {
    const { said, clients } = register(more);
    expect(said).toBe('');
    expect(clients).toHaveLength(1);
  });

  it('only the public members that it knows of a key', () => {
    const { clients } = register({ ...SIGNED, jwks: jwks({ ...EC, x5c: ['aa'], alg: 'ES256' }) });
    const [key] = clients[0]?.settings.metadata.jwks?.keys ?? [];
    expect(Object.keys(key ?? {}).toSorted()).toEqual(['alg', 'crv', 'kty', 'x', 'y']);
  });
});

describe('registration refuses', () => {
  it.each([
    ['private_key_jwt without a key', SIGNED, 'jwks: is missing for private_key_jwt'],
    ['both jwks and jwks_uri', both(), 'jwks_uri: stands beside jwks'],
    ['private_key_jwt with a secret', withSecret(), 'client_secret: is given for private_key_jwt'],
    ['a key of no use', keyed('ES384', EC), 'has no key for ES384'],
    ['a key for encryption alone', keyed('ES256', { ...EC, use: 'enc' }), 'has no key for ES256'],
    ['HS256 for private_key_jwt', keyed('HS256', EC), 'is HS256 for private_key_jwt'],
    [
      'ES256 for client_secret_jwt',
      {
        token_endpoint_auth_method: 'client_secret_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
      },
      'is ES256 for client_secret_jwt',
    ],
    [
      'a secret shorter than its hash',
      { token_endpoint_auth_method: 'client_secret_jwt', client_secret: 'short' },
      'is shorter than the 32 bytes that HS256 needs',
    ],
    [
      'an algorithm where nothing is signed',
      { token_endpoint_auth_signing_alg: 'RS256' },
      'is of no use with client_secret_basic',
    ],
    [
      'signed requests without a key',
      { require_signed_request_object: true },
      'jwks: is missing for signed request objects',
    ],
    ['a private key', { ...SIGNED, jwks: jwks({ ...EC, d: 'AAAA' }) }, 'private or secret key'],
    ['a short RSA key', { ...SIGNED, jwks: jwks(shortRsa()) }, 'is an RSA key of 1024 bits'],
    ['an RSA key without n', { ...SIGNED, jwks: jwks({ kty: 'RSA', e: 'AQAB' }) }, 'lacks the mod'],
    ['an EC key without y', { ...SIGNED, jwks: jwks({ ...EC, y: undefined }) }, 'lacks a coord'],
    ['a curve of no use', { ...SIGNED, jwks: jwks({ ...EC, crv: 'secp256k1' }) }, 'has a curve'],
    ['a kid twice', { ...SIGNED, jwks: { keys: [named(EC), named(RSA)] } }, 'names a kid twice'],
    ['plain http', { ...SIGNED, jwks_uri: 'http://acme.example/jwks' }, 'is not an https URL'],
    ['private_key_jwt of a forwarded client', forwarded(), 'cannot be passed on'],
    [
      'pushed requests of a forwarded client',
      { upstream: undefined, ...BYPASS, require_pushed_authorization_requests: true },
      'is not possible where the upstream authenticates',
    ],
    [
      'a secret upstream for private_key_jwt',
      upstream({ client_secret: 'x', token_endpoint_auth_method: 'private_key_jwt' }),
      'is given for private_key_jwt',
    ],
    [
      'no secret upstream for client_secret_post',
      upstream({ token_endpoint_auth_method: 'client_secret_post' }),
      'is missing for client_secret_post',
    ],
  ])('%s', (_what, more, expected) => {
    const { said, clients } = register(more);
    expect(said).toContain(expected);
    expect(clients).toEqual([]);
  });
});

it('a client whose upstream key is the proxy’s own cannot go round it', () => {
  const { clients } = register(upstream({ token_endpoint_auth_method: 'private_key_jwt' }));
  const settings = clients[0]?.settings;
  if (settings === undefined) throw new Error('not registered');
  expect(canBypass(settings)).toBe(false);
});

describe('published keys', () => {
  it('of kinds that nobody here knows are passed over', () => {
    const keys = publishedKeys({ keys: [{ kty: 'AKP' }, 7, null, { ...EC, kid: 'one' }] });
    expect(keys.map(({ kid }) => kid)).toEqual(['one']);
    expect(publishedKeys({ keys: 'none' })).toEqual([]);
    expect(publishedKeys({})).toEqual([]);
  });

  it('verify what their type, curve, use and algorithm allow', () => {
    const [key] = publishedKeys({ keys: [{ ...EC, alg: 'ES256' }] });
    if (key === undefined) throw new Error('not usable');
    expect(canVerify(key)).toBe(true);
    expect(canVerify(key, 'ES256')).toBe(true);
    expect(canVerify(key, 'ES384')).toBe(false);
    expect(canVerify({ ...key, key_ops: ['encrypt'] })).toBe(false);
    expect(canVerify({ ...key, crv: 'X25519' })).toBe(false);
  });
});

function jwks(key: object) {
  return { keys: [key] };
}

function keyed(alg: string, key: object) {
  return { ...SIGNED, token_endpoint_auth_signing_alg: alg, jwks: jwks(key) };
}

function named(key: object) {
  return { ...key, kid: 'same' };
}

function both() {
  return { ...SIGNED, jwks: jwks(EC), jwks_uri: 'https://acme.example/jwks' };
}

function withSecret() {
  return { ...SIGNED, client_secret: 'something', jwks: jwks(EC) };
}

function shortRsa() {
  return jwkOf('rsa', { modulusLength: 1024 });
}

function forwarded() {
  return { ...SIGNED, upstream: undefined, accept_bypass: true, jwks: jwks(EC) };
}

function upstream(more: object) {
  return { upstream: { client_id: 'acme-upstream', ...more } };
}

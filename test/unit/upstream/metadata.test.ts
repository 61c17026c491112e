import { describe, expect, test } from 'vitest';

import { parseJwks } from '../../../src/upstream/jwks.ts';
import { parseMetadata } from '../../../src/upstream/metadata.ts';

const ISSUER = 'https://idp.example';
const ADDRESS = { issuer: ISSUER, url: ISSUER };
const LEAST = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
};

describe('parseMetadata', () => {
  test('fills in the defaults of the specification', () => {
    const metadata = parseMetadata(LEAST, ADDRESS);
    expect(metadata).toMatchObject({
      issuer: ISSUER,
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      code_challenge_methods_supported: [],
      authorization_response_iss_parameter_supported: false,
      scopes_supported: undefined,
    });
    expect(metadata.advertised).toEqual({
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
    });
  });

  test('keeps addresses as given, and says where each is really reached', () => {
    const metadata = parseMetadata(
      { ...LEAST, userinfo_endpoint: `${ISSUER}/me`, revocation_endpoint: null },
      { issuer: ISSUER, url: 'http://10.0.0.5:8080/sso' },
    );
    expect(metadata.advertised.userinfo_endpoint).toBe(`${ISSUER}/me`);
    expect(metadata.reached.userinfo_endpoint?.href).toBe('http://10.0.0.5:8080/sso/me');
    expect(metadata.reached.token_endpoint.href).toBe('http://10.0.0.5:8080/sso/token');
    expect(metadata.reached.revocation_endpoint).toBeUndefined();
  });

  test('keeps of the signing algorithms those that no public key can forge', () => {
    const metadata = parseMetadata(
      { ...LEAST, id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256', 'RS256'] },
      ADDRESS,
    );
    expect(metadata.id_token_signing_alg_values_supported).toEqual(['RS256', 'ES256']);
  });

  test('takes a broken list that nothing hangs on as not given', () => {
    const metadata = parseMetadata({ ...LEAST, scopes_supported: 'openid email' }, ADDRESS);
    expect(metadata.scopes_supported).toBeUndefined();
  });

  test.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['the issuer with a slash more', { issuer: `${ISSUER}/` }],
    ['the issuer in other letters', { issuer: 'https://IDP.example' }],
    ['no issuer', { issuer: undefined }],
    ['no token endpoint', { token_endpoint: undefined }],
    ['a list as an endpoint', { token_endpoint: [`${ISSUER}/token`] }],
    ['a relative endpoint', { jwks_uri: '/jwks' }],
    ['a file as an endpoint', { jwks_uri: 'file:///etc/passwd' }],
    ['a password in an endpoint', { token_endpoint: 'https://a:b@idp.example/token' }],
    ['plain http under an https issuer', { token_endpoint: 'http://idp.example/token' }],
    ['HMAC signatures alone', { id_token_signing_alg_values_supported: ['HS256', 'none'] }],
  ])('refuses %s', (_what, members) => {
    expect(() => parseMetadata({ ...LEAST, ...members }, ADDRESS)).toThrow(
      expect.objectContaining({ reason: 'upstream_metadata' }),
    );
  });
});

describe('parseJwks', () => {
  const RSA = { kty: 'RSA', kid: '1', n: 'AQAB', e: 'AQAB' };

  test('keeps public members of signing keys, and passes over all else', () => {
    const keys = parseJwks({
      keys: [
        { ...RSA, d: 'private', p: 'private', x5c: ['MII'] },
        { kty: 'oct', k: 'c2VjcmV0' },
        { ...RSA, kid: '2', use: 'enc' },
        { ...RSA, kid: 3 },
        { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', use: 'sig', alg: 'ES256' },
        null,
        'nonsense',
      ],
    });
    expect(keys).toEqual([
      RSA,
      { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', use: 'sig', alg: 'ES256' },
    ]);
  });

  test.each([[{}], [{ keys: [] }], [{ keys: 'x' }], [{ keys: [{ kty: 'oct', k: 'YQ' }] }]])(
    'refuses a set without a signing key: %j',
    (document) => {
      expect(() => parseJwks(document)).toThrow(
        expect.objectContaining({ reason: 'upstream_metadata' }),
      );
    },
  );
});

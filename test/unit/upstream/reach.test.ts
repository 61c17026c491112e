import { describe, expect, test } from 'vitest';

import { discoveryUrl, forwardedHeaders, reachedAt } from '../../../src/upstream/reach.ts';

const PUBLIC = 'https://idp.example';

describe('reachedAt', () => {
  test.each([
    // issuer, url, advertised, reached
    [PUBLIC, PUBLIC, `${PUBLIC}/token?a=1`, `${PUBLIC}/token?a=1`],
    [PUBLIC, 'http://10.0.0.5:8080', `${PUBLIC}/token?a=1`, 'http://10.0.0.5:8080/token?a=1'],
    [PUBLIC, 'http://10.0.0.5:8080', `${PUBLIC}/`, 'http://10.0.0.5:8080/'],
    [`${PUBLIC}:8443`, 'https://inner.example', `${PUBLIC}:8443/t`, 'https://inner.example/t'],
    [PUBLIC, 'http://inner/sso', `${PUBLIC}/token`, 'http://inner/sso/token'],
    [
      `${PUBLIC}/realms/a`,
      'http://inner/realms/a',
      `${PUBLIC}/realms/a/t`,
      'http://inner/realms/a/t',
    ],
    [`${PUBLIC}/realms/a`, 'http://inner/realms/a', `${PUBLIC}/oauth/t`, 'http://inner/oauth/t'],
    [`${PUBLIC}/auth/a`, 'http://inner/a', `${PUBLIC}/auth/t`, 'http://inner/t'],
    [`${PUBLIC}/auth/a`, 'http://inner/a', `${PUBLIC}/author/t`, 'http://inner/author/t'],
    [PUBLIC, 'http://inner', 'https://keys.example/jwks', 'https://keys.example/jwks'],
    [PUBLIC, 'http://inner', 'http://inner/token', 'http://inner/token'],
    [PUBLIC, 'http://inner', `${PUBLIC}/token#part`, 'http://inner/token'],
  ])('issuer %s reached at %s: %s is at %s', (issuer, url, advertised, reached) => {
    expect(reachedAt({ issuer, url }, new URL(advertised)).href).toBe(reached);
  });
});

test('the document is looked for below the base, with or without a slash at its end', () => {
  const wellKnown = '/.well-known/openid-configuration';
  for (const url of ['http://inner/a', 'http://inner/a/']) {
    expect(discoveryUrl({ issuer: PUBLIC, url }).href).toBe(`http://inner/a${wellKnown}`);
  }
  expect(discoveryUrl({ issuer: PUBLIC, url: PUBLIC }).href).toBe(`${PUBLIC}${wellKnown}`);
});

test('an upstream reached elsewhere is told its public name, any other is told nothing', () => {
  expect(forwardedHeaders({ issuer: `${PUBLIC}:8443/a`, url: 'http://inner' })).toEqual({
    'x-forwarded-host': 'idp.example:8443',
    'x-forwarded-proto': 'https',
  });
  expect(forwardedHeaders({ issuer: PUBLIC, url: PUBLIC })).toEqual({});
});

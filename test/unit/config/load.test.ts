import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { loadConfig } from '../../../src/config/load.ts';
import { environment, key, problemsOf, wrongVariables } from './environments.ts';

describe('a minimal environment', () => {
  test('gives the documented defaults', () => {
    expect(loadConfig(environment())).toMatchObject({
      issuer: 'http://localhost:8080',
      upstream: { issuer: 'https://login.example.com', url: 'https://login.example.com' },
      database: { dialect: 'sqlite', file: 'data/pairwise.sqlite' },
      publicListen: { host: '127.0.0.1', port: 8080 },
      adminListen: { host: '127.0.0.1', port: 8081 },
      trustedProxies: [],
      frontChannel: 'relay',
      pseudonymAlgorithm: 'hmac-sha256',
      workers: 1,
      relayPaths: [],
      federationOrigins: [],
      internalApis: [],
      maxStaleness: 60,
      drainDelay: 0,
      adminUrl: 'http://localhost:8081',
      logLevel: 'info',
    });
    expect(loadConfig(environment()).adminToken).toBeUndefined();
    expect(loadConfig(environment()).secrets.masterKeyPrevious).toBeUndefined();
  });

  test('without the upstream is refused with a hint', () => {
    expect(problemsOf(environment({ UPSTREAM_ISSUER: undefined }))).toEqual([
      {
        variable: 'UPSTREAM_ISSUER',
        problem: 'is not set',
        hint: expect.stringContaining('discovery document') as string,
      },
    ]);
  });

  test('may leave variables empty instead of out', () => {
    const empty = { ISSUER: '', ADMIN_TOKEN: '', MASTER_KEY_FILE: '', RELAY_PATHS: ' ' };
    expect(loadConfig(environment(empty))).toEqual(loadConfig(environment()));
  });
});

test('a full environment is read to the letter', () => {
  const config = loadConfig({
    ISSUER: 'https://id.example.com/oidc-front',
    UPSTREAM_ISSUER: 'https://login.example.com/realms/main/',
    UPSTREAM_URL: 'http://10.1.2.3:8080/realms/main',
    UPSTREAM_CLIENT_ID: 'proxy',
    UPSTREAM_CLIENT_SECRET: ' as it is ',
    UPSTREAM_STATE_LIMIT: '255',
    DATABASE_URL: 'mysql://app:p%40ss@db.example.com:3306/pairwise',
    MASTER_KEY: key(32, 1),
    MASTER_KEY_PREVIOUS: key(48, 3),
    PAIRWISE_SALT: key(40, 2),
    PUBLIC_LISTEN: '0.0.0.0:8080',
    ADMIN_LISTEN: '[::1]:9090',
    ADMIN_TOKEN: 'an-admin-token',
    TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8 192.0.2.7',
    FRONT_CHANNEL: 'relay',
    PSEUDONYM_ALGORITHM: 'random',
    WORKERS: '64',
    RELAY_PATHS: '/login,/assets/ /login',
    FEDERATION_ORIGINS: 'https://saml.example.org https://idp.example.net:8443',
    OUTBOUND_PRIVATE_ORIGINS: 'https://vendor.intranet.example',
    UPSTREAM_REGISTRATION_TOKEN: 'registration-token',
    INTERNAL_APIS: 'orders=https://orders.internal/v1,stock=http://10.0.0.7:8080',
    SECURITY_WEBHOOK_URL: 'https://siem.example.com/events?tenant=1',
    SECURITY_WEBHOOK_AUTHORIZATION: 'Bearer of-the-receiver',
    MAX_STALENESS: '0',
    DRAIN_DELAY: '5',
    ADMIN_URL: 'https://admin.example.com/pairwise',
    DASHBOARD_ROLES: 'operator=idp%20admins',
    DASHBOARD_ROLE_CLAIM: 'roles',
    DASHBOARD_SCOPE: 'openid roles',
    LOG_LEVEL: 'debug',
  });
  expect({ ...config }).toEqual({
    issuer: 'https://id.example.com/oidc-front',
    upstream: {
      issuer: 'https://login.example.com/realms/main/',
      url: 'http://10.1.2.3:8080/realms/main',
      clientId: 'proxy',
      clientSecret: ' as it is ',
      registrationToken: 'registration-token',
      stateLimit: 255,
    },
    database: { dialect: 'mysql', url: 'mysql://app:p%40ss@db.example.com:3306/pairwise' },
    secrets: {
      masterKey: new Uint8Array(32).fill(1),
      masterKeyPrevious: new Uint8Array(48).fill(3),
      pairwiseSalt: new Uint8Array(40).fill(2),
    },
    publicListen: { host: '0.0.0.0', port: 8080 },
    adminListen: { host: '::1', port: 9090 },
    adminToken: 'an-admin-token',
    trustedProxies: ['10.0.0.0/8', 'fd00::/8', '192.0.2.7/32'],
    frontChannel: 'relay',
    pseudonymAlgorithm: 'random',
    workers: 64,
    relayPaths: ['/login', '/assets/'],
    federationOrigins: ['https://saml.example.org', 'https://idp.example.net:8443'],
    outboundPrivateOrigins: ['https://vendor.intranet.example'],
    internalApis: [
      { name: 'orders', address: 'https://orders.internal/v1' },
      { name: 'stock', address: 'http://10.0.0.7:8080' },
    ],
    securityWebhook: {
      url: 'https://siem.example.com/events?tenant=1',
      authorization: 'Bearer of-the-receiver',
    },
    maxStaleness: 0,
    drainDelay: 5,
    adminUrl: 'https://admin.example.com/pairwise',
    dashboard: {
      roles: [{ role: 'operator', value: 'idp admins' }],
      ...{ roleClaim: 'roles', scope: 'openid roles' },
    },
    logLevel: 'debug',
  });
});

test('every mistake is told at once, by the name of its variable', () => {
  const wrong = {
    ISSUER: 'http://id.example.com',
    UPSTREAM_ISSUER: 'login.example.com',
    UPSTREAM_URL: 'ftp://login.example.com',
    UPSTREAM_CLIENT_SECRET: 's3cret',
    UPSTREAM_STATE_LIMIT: '42',
    DATABASE_URL: 'postgres://db.example.com/x',
    MASTER_KEY: 'short',
    MASTER_KEY_PREVIOUS: 'short',
    PAIRWISE_SALT: 'short',
    PUBLIC_LISTEN: '8080',
    ADMIN_LISTEN: 'localhost',
    ADMIN_TOKEN: 'two words',
    TRUSTED_PROXIES: 'everybody',
    FRONT_CHANNEL: 'back',
    PSEUDONYM_ALGORITHM: 'md5',
    WORKERS: '65',
    RELAY_PATHS: 'login',
    FEDERATION_ORIGINS: 'https://saml.example.org/path',
    INTERNAL_APIS: 'https://orders.internal',
    SECURITY_WEBHOOK_URL: 'http://siem.example.com/events',
    SECURITY_WEBHOOK_AUTHORIZATION: 'two\nlines',
    MAX_STALENESS: '-1',
    ADMIN_URL: 'localhost:8081',
    LOG_LEVEL: 'loud',
  };
  const expected = Object.keys(wrong).map((name) =>
    name === 'UPSTREAM_CLIENT_SECRET' ? 'UPSTREAM_CLIENT_ID' : name,
  );
  expect(wrongVariables(wrong).toSorted()).toEqual(expected.toSorted());
  for (const { problem, hint } of problemsOf(wrong)) {
    expect(problem).not.toBe('');
    expect(hint).not.toBe('');
  }
  expect(() => loadConfig(wrong)).toThrow(/ISSUER uses http[^]*LOG_LEVEL is not one of/);
});

describe('the configuration', () => {
  test('is frozen all through', () => {
    const config = loadConfig(environment({ TRUSTED_PROXIES: '10.0.0.0/8' }));
    for (const part of [config, config.upstream, config.secrets, config.trustedProxies]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(() => Object.assign(config.upstream, { url: 'https://evil.example' })).toThrow();
    expect(() => Object.assign(config.secrets, { masterKey: new Uint8Array(32) })).toThrow();
  });

  test('does not print a secret, however it is printed', () => {
    const secrets = {
      UPSTREAM_CLIENT_SECRET: 'client-s3cret',
      DATABASE_URL: 'mysql://app:database-s3cret@db.example.com/pairwise?password=s3cret',
      ADMIN_TOKEN: 'admin-s3cret',
    };
    const env = { ...secrets, UPSTREAM_CLIENT_ID: 'proxy', MASTER_KEY_PREVIOUS: key(32, 9) };
    const config = loadConfig(environment(env));
    const prints = [
      inspect(config, { depth: 9 }),
      inspect(config, { depth: 9, customInspect: false, showHidden: true }),
      JSON.stringify(config),
      JSON.stringify([config.database, config.secrets, config.upstream]),
    ];
    for (const print of prints) {
      expect(print).not.toContain('s3cret');
      expect(print).not.toMatch(/1,\s*1,\s*1|2,\s*2,\s*2|9,\s*9,\s*9/);
    }
    expect(JSON.parse(JSON.stringify(config))).toMatchObject({
      adminToken: '[secret]',
      secrets: { masterKey: '[secret]', masterKeyPrevious: '[secret]', pairwiseSalt: '[secret]' },
      upstream: { clientId: 'proxy', clientSecret: '[secret]' },
      database: { dialect: 'mysql', url: 'mysql://[secret]@db.example.com/pairwise' },
    });
  });

  test('gives its secrets to whoever reads or copies the fields', () => {
    const config = loadConfig(environment({ ADMIN_TOKEN: 'admin' }));
    expect({ ...config }.adminToken).toBe('admin');
    expect({ ...config.secrets }.masterKey).toEqual(new Uint8Array(32).fill(1));
  });
});

describe('the rules between variables', () => {
  test('ISSUER may be UPSTREAM_ISSUER only where UPSTREAM_URL is another address', () => {
    const taken = {
      ISSUER: 'https://login.example.com',
      UPSTREAM_ISSUER: 'https://login.example.com',
    };
    expect(wrongVariables(environment(taken))).toEqual(['UPSTREAM_ISSUER']);
    const inner = { ...taken, UPSTREAM_URL: 'https://idp.internal.example' };
    expect(loadConfig(environment(inner)).upstream.url).toBe('https://idp.internal.example');
    for (const same of ['https://login.example.com', 'https://LOGIN.example.com:443/']) {
      expect(wrongVariables(environment({ ...taken, UPSTREAM_URL: same }))).toEqual([
        'UPSTREAM_URL',
      ]);
    }
  });

  test('the spelling of the upstream does not hide that it is ours', () => {
    const env = environment({ UPSTREAM_ISSUER: 'http://LOCALHOST:8080/' });
    expect(wrongVariables(env)).toEqual(['UPSTREAM_ISSUER']);
  });

  test.each([
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    ['0.0.0.0:8080', '127.0.0.1:8080'],
    ['127.0.0.1:8080', '[::]:8080'],
  ])('vendors and operators do not share a listener: %s and %s', (PUBLIC_LISTEN, ADMIN_LISTEN) => {
    expect(wrongVariables(environment({ PUBLIC_LISTEN, ADMIN_LISTEN }))).toEqual(['ADMIN_LISTEN']);
  });

  test('two free ports may be asked for', () => {
    const free = { PUBLIC_LISTEN: '127.0.0.1:0', ADMIN_LISTEN: '127.0.0.1:0' };
    expect(problemsOf(environment(free))).toEqual([]);
  });

  test('the admin address is not the issuer', () => {
    const same = { ADMIN_URL: 'http://localhost:8080' };
    expect(wrongVariables(environment(same))).toEqual(['ADMIN_URL']);
  });

  test.each([
    ['https://id.example', 'https://id.example', ['DASHBOARD_ROLES']],
    ['https://id.example', 'https://id.example/realms/main', ['DASHBOARD_ROLES']],
    ['https://id.example/proxy', 'https://id.example/realms/main', []],
    ['https://id.example/re', 'https://id.example/realms/main', []],
    ['https://id.example', 'https://login.example', []],
  ])('logins at the dashboard reach the upstream: %s, %s', (ISSUER, UPSTREAM_ISSUER, wrong) => {
    const environmentThere = environment({
      ...{ ISSUER, UPSTREAM_ISSUER, UPSTREAM_URL: 'http://10.1.2.3:8080' },
      ...{ MASTER_KEY: key(), PAIRWISE_SALT: key(), UPSTREAM_CLIENT_ID: 'proxy' },
      DASHBOARD_ROLES: 'operator=admins',
    });
    expect(wrongVariables(environmentThere)).toEqual(wrong);
  });

  /*
   * Attack: with the upstream's own origin on the list, a relayed redirect to it
   * would leave unrewritten, and the browser would go on round the proxy.
   */
  test.each(['https://login.example.com', 'http://localhost:8080', 'http://10.0.0.9:8080'])(
    'the origin %s is no federation',
    (origin) => {
      const env = { FEDERATION_ORIGINS: origin, UPSTREAM_URL: 'http://10.0.0.9:8080/idp' };
      expect(wrongVariables(environment(env))).toEqual(['FEDERATION_ORIGINS']);
    },
  );

  test.each([
    'idp=https://login.example.com',
    'idp=https://login.example.com/realms',
    'idp=https://login.example.com/realms/main/api',
    'own=http://localhost:8080',
    'admin=http://localhost:8081/admin',
    'inner=http://10.0.0.9:8080/idp/users',
    'orders=https://orders.internal,orders=https://stock.internal',
  ])('no internal API is %s', (apis) => {
    const env = {
      INTERNAL_APIS: apis,
      UPSTREAM_ISSUER: 'https://login.example.com/realms/main',
      UPSTREAM_URL: 'http://10.0.0.9:8080/idp',
    };
    expect(wrongVariables(environment(env))).toEqual(['INTERNAL_APIS']);
  });

  test('an internal API may lie beside the identity provider', () => {
    const env = {
      INTERNAL_APIS: 'orders=https://login.example.com/realms-api',
      UPSTREAM_ISSUER: 'https://login.example.com/realms',
    };
    expect(wrongVariables(environment(env))).toEqual([]);
  });

  test.each([
    'https://orders.internal',
    '=https://orders.internal',
    'Orders=https://orders.internal',
    'or/ders=https://orders.internal',
    'orders=orders.internal',
    'orders=https://orders.internal/',
    'orders=https://orders.internal/a/../b',
    'orders=https://user@orders.internal',
    'orders=https://orders.internal?a=b',
    'orders=ftp://orders.internal',
  ])('%s describes no internal API', (apis) => {
    expect(wrongVariables(environment({ INTERNAL_APIS: apis }))).toEqual(['INTERNAL_APIS']);
  });
});

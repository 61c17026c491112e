import { RateLimiterMemory } from 'rate-limiter-flexible';
import { expect, test } from 'vitest';

import { accountLoginEndpoint } from '../../../src/protocol/account-login.ts';
import { AccountSessions } from '../../../src/protocol/account-session.ts';
import { BrowserBinding } from '../../../src/protocol/browser-binding.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import { Sealer } from '../../../src/tokens/seal.ts';
import { NOW, reasonOf, requestWith } from './given.ts';

const ISSUER = 'https://login.example';

/** Logins and sessions over seals of which each becomes a row. */
function parts() {
  const rows = new Map<string, string>();
  const store = {
    put: async (_purpose: string, sealed: string) => {
      const reference = `${'r'.repeat(40)}${String(rows.size).padStart(3, '0')}`;
      rows.set(reference, sealed);
      return reference;
    },
    read: async (_purpose: string, reference: string) => rows.get(reference),
  };
  const seals = new Seals(new Sealer(Buffer.alloc(32, 9)), store, 40);
  const sessions = new AccountSessions({
    ...{ issuer: ISSUER, seals, indexOf: () => Buffer.alloc(32, 1) },
    take: async (reference: string) => rows.delete(reference),
  });
  return { rows, seals, sessions };
}

test('an address that begins more long logins than people do is stopped before a row is written', async () => {
  const { rows, seals, sessions } = parts();
  const login = accountLoginEndpoint({
    ...{ issuer: ISSUER, upstreamIssuer: 'https://legacy.example', seals, sessions },
    ...{ own: { clientId: 'proxy', clientSecret: 'secret' }, sealRoot: Buffer.alloc(32, 8) },
    upstream: { metadata: () => ({ code_challenge_methods_supported: ['S256'] }) },
    ...{ binding: new BrowserBinding(ISSUER), clock: () => NOW },
    authorizationEndpoint: () => 'https://legacy.example/auth',
    longLogins: new RateLimiterMemory({ points: 2, duration: 60 }),
  } as unknown as Parameters<typeof accountLoginEndpoint>[0]);
  const begin = (remoteAddress: string) => reasonOf(() => login(requestWith({ remoteAddress })));
  const told = [];
  for (let time = 0; time < 3; time += 1) told.push(await begin('192.0.2.1'));
  expect(told).toEqual([undefined, undefined, 'logins_throttled']);
  expect(rows.size).toBe(2);
  expect(await begin('192.0.2.2')).toBeUndefined();
});

test('a session over https is in a cookie that no neighbour can set, and no plain request carries', async () => {
  const { sessions } = parts();
  const cookie = await sessions.begin('alice', NOW);
  expect(cookie).toMatch(/^__Host-pairwise-account=[\w-]{43}; /);
  for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=600']) {
    expect(cookie.split('; ')).toContain(attribute);
  }
  expect(cookie).not.toContain('Domain');
  const headers = { cookie: cookie.split(';')[0] };
  expect(await sessions.read({ headers }, NOW)).toMatchObject({ localSubject: 'alice' });
});

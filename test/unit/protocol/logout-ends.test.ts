/*
 * Between the beginning of a logout, or a login, and its end anything may happen: the
 * client is removed, its address is taken back, another browser comes. Then the
 * browser is sent nowhere, and the operator is told why.
 */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { describe, expect, test } from 'vitest';

import { authorizationResponses } from '../../../src/protocol/authorization-response.ts';
import { BrowserBinding } from '../../../src/protocol/browser-binding.ts';
import { judgeAssertion } from '../../../src/protocol/client-assertion.ts';
import { logoutEndpoint } from '../../../src/protocol/logout.ts';
import type { LogoutParts } from '../../../src/protocol/logout.ts';
import { withLogouts } from '../../../src/protocol/logout-response.ts';
import { finishLogout } from '../../../src/protocol/logout-return.ts';
import { sealLogout } from '../../../src/protocol/logout-transaction.ts';
import type { LogoutTransaction } from '../../../src/protocol/logout-transaction.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import type { ReferenceStore } from '../../../src/protocol/seals.ts';
import { Sealer } from '../../../src/tokens/seal.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientWith, NOW, reasonOf, requestWith } from './given.ts';

const kept = new Map<string, string>();
const store: ReferenceStore = {
  put: async (_purpose, sealed) => {
    const reference = `${'r'.repeat(40)}${String(kept.size).padStart(3, '0')}`;
    kept.set(reference, sealed);
    return reference;
  },
  read: async (_purpose, reference) => kept.get(reference),
};
const seals = new Seals(new Sealer(Buffer.alloc(32, 9)), store, 4000);
const issuer = 'https://login.example';
const binding = new BrowserBinding(issuer);
const clock = () => NOW;
const RETURN_TO = 'https://acme.example/bye';
const CLIENT = clientWith({ post_logout_redirect_uris: [RETURN_TO] });

const { hash, setCookie = '' } = binding.bind(undefined);
const cookie = setCookie.split(';')[0] ?? '';
const LOGOUT: LogoutTransaction = {
  ...{ clientId: CLIENT.clientId, returnTo: RETURN_TO, state: 's', browser: hash },
  ...{ frontChannel: 'relay', grantId: 'grant' },
};

/** Where no grant is left to end. */
const grants = {
  find: async () => [],
  end: async () => {},
  upstreamIdToken: async () => 'the-id-token-of-the-upstream',
} as unknown as LogoutParts['grants'];

function partsWith(client: Client | undefined) {
  return {
    ...{
      issuer,
      binding,
      clock,
      grants,
      seals,
      indexRoot: Buffer.alloc(32),
      sealRoot: Buffer.alloc(32),
    },
    ...{ claimsRoot: Buffer.alloc(32), upstreamIssuer: 'https://legacy.example' },
    subjects: { provenUsers: async () => [] },
    clients: {
      ...{ find: () => client, clients: () => (client === undefined ? [] : [client]) },
      ...{ isRedirectTarget: () => true, change: 1 },
    },
  };
}

async function finished(
  client: Client | undefined,
  changes: Partial<LogoutTransaction> = {},
  browser: string | undefined = cookie,
) {
  const result = await finishLogout(partsWith(client), { ...LOGOUT, ...changes }, browser);
  return result.ok ? result.value : result.reason;
}

const stateOf = (changes: Partial<LogoutTransaction> = {}) =>
  sealLogout(seals, { ...LOGOUT, ...changes }, NOW, async () => {});

describe('the end of a logout', () => {
  test('is at the vendor’s address, with its own state', async () => {
    expect(await finished(CLIENT)).toBe(`${RETURN_TO}?state=s`);
    expect(await finished(CLIENT, { state: undefined })).toBe(RETURN_TO);
  });

  test('is nowhere for a client that is gone, another browser, or an address taken back', async () => {
    expect(await finished(undefined)).toBe('client_unknown');
    expect(await finished(CLIENT, {}, 'theme=dark')).toBe('browser_mismatch');
    expect(await finished(clientWith())).toBe('post_logout_redirect_uri_unregistered');
    expect(await finished(CLIENT, { returnTo: undefined })).toBe('response_foreign');
  });

  test('is at no other address than the one that was asked for', async () => {
    const parts = partsWith(CLIENT);
    const logins = authorizationResponses(parts);
    const policy = withLogouts(logins, parts);
    const end = async (address: string, changes = {}) => {
      const response = new URL(address);
      response.searchParams.set('state', await stateOf(changes));
      return policy.answer(response, cookie);
    };
    expect(await end(RETURN_TO)).toEqual({ kind: 'redirect', location: `${RETURN_TO}?state=s` });
    const foreign = { kind: 'blocked', reason: 'response_foreign' };
    expect(await end('https://acme.example/other')).toMatchObject(foreign);
    expect(await end('https://elsewhere.example/bye')).toMatchObject(foreign);
    expect(await end(RETURN_TO, { returnTo: undefined })).toMatchObject(foreign);
  });

  test('shows the upstream’s own ID token to nobody for a client that is gone', async () => {
    const hint = async (client: Client | undefined) => {
      const parts = partsWith(client);
      const sent = new URLSearchParams({
        ...{ client_id: CLIENT.clientId, post_logout_redirect_uri: RETURN_TO },
        state: await stateOf(),
      });
      return withLogouts(authorizationResponses(parts), parts).logoutHint(sent);
    };
    expect(await hint(CLIENT)).toBe('the-id-token-of-the-upstream');
    expect(await hint(undefined)).toBeUndefined();
  });
});

describe('the end of a login', () => {
  test('is nowhere for a client that is gone', async () => {
    const policy = authorizationResponses(partsWith(undefined));
    const times = { now: NOW, expiresAt: new Date(NOW.getTime() + 60_000) };
    const state = await seals.seal('transaction', { i: 'i', c: 'gone', r: RETURN_TO }, times);
    const query = new URLSearchParams({ state });
    expect(await policy.admitsAuthorization(query, cookie)).toBe(false);
    const response = new URL(`${RETURN_TO}?${query.toString()}&code=c`);
    const blocked = { kind: 'blocked', reason: 'client_unknown' };
    expect(await policy.answer(response, cookie)).toMatchObject(blocked);
  });
});

describe('a logout with a state too long to travel', () => {
  test('is kept in the database for one address so many times and no more', async () => {
    const longLogouts = new RateLimiterMemory({ points: 2, duration: 60 });
    const endpoint = logoutEndpoint({
      ...{ ...partsWith(CLIENT), frontChannel: 'relay', longLogouts },
      claimsOfHint: async () => undefined,
      endSessionEndpoint: () => 'https://legacy.example/logout',
    });
    const ask = (length: number, remoteAddress = '192.0.2.1') =>
      reasonOf(() =>
        endpoint(
          requestWith({
            remoteAddress,
            query: new URLSearchParams({
              ...{ client_id: CLIENT.clientId, post_logout_redirect_uri: RETURN_TO },
              state: 's'.repeat(length),
            }),
          }),
        ),
      );
    expect([await ask(3000), await ask(3000)]).toEqual([undefined, undefined]);
    expect(await ask(3000)).toBe('logins_throttled');
    expect(await ask(10)).toBeUndefined();
    expect(await ask(3000, '192.0.2.2')).toBeUndefined();
  });
});

test('an assertion by a secret is none for a client that has none', async () => {
  const client = clientWith(
    { token_endpoint_auth_method: 'client_secret_jwt' },
    { clientSecret: undefined },
  );
  const parts = { issuer, clock } as Parameters<typeof judgeAssertion>[0];
  const judged = await judgeAssertion(parts, client, 'a.b.c', 'token');
  expect(judged).toMatchObject({ ok: false, reason: 'client_assertion_invalid' });
});

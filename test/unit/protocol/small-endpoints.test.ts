import { describe, expect, test } from 'vitest';

import { PushedRequests } from '../../../src/protocol/pushed-requests.ts';
import { PendingNotices } from '../../../src/protocol/pending-notices.ts';
import { noticeText } from '../../../src/protocol/notice-page.ts';
import { RELAY_EMAIL, SHARED_IDENTIFIER } from '../../../src/protocol/notice-contents.ts';
import { requestedParameters } from '../../../src/protocol/request-parameters.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import type { ReferenceStore } from '../../../src/protocol/seals.ts';
import { unpackTransaction } from '../../../src/protocol/transaction.ts';
import { webfingerEndpoint } from '../../../src/protocol/webfinger.ts';
import { Sealer } from '../../../src/tokens/seal.ts';
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
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

describe('a pushed request', () => {
  const client = clientWith();

  test('serves once: of two browsers that come at one moment, one is refused', async () => {
    let first = true;
    const pushed = new PushedRequests(seals, async () => {
      const wasFirst = first;
      first = false;
      return wasFirst;
    });
    const { requestUri } = await pushed.keep(client, new URLSearchParams('scope=openid'), NOW);
    const take = () => pushed.take(client, requestUri, NOW);
    const taken = await Promise.all([reasonOf(take), reasonOf(take)]);
    expect(taken.toSorted()).toEqual(['request_uri_invalid', undefined]);
  });

  test('has no second request beside it', async () => {
    const both = new URLSearchParams({ request_uri: 'urn:x', request: 'a.b.c' });
    const parts = {} as Parameters<typeof requestedParameters>[0];
    const reason = await reasonOf(() => requestedParameters(parts, client, both));
    expect(reason).toBe('request_malformed');
  });
});

describe('a login that waits for its user to read', () => {
  const waiting = new PendingNotices(seals, async () => true);
  const arrival = {
    userIndex: Buffer.alloc(32, 1),
    pending: {
      upstreamCode: 'c',
      change: 7,
      transaction: unpackTransaction({ i: 'i', c: 'acme' }),
    },
    tokens: {
      ...{ kind: 'tokens', accessToken: 'a', tokenType: 'Bearer', expiresIn: undefined },
      ...{ refreshToken: undefined, idToken: undefined, scope: undefined },
    },
    verified: {
      ...{ claims: { exp: later(3600).getTime() / 1000 }, subject: 'alice', algorithm: 'RS256' },
    },
  } as unknown as Parameters<PendingNotices['keep']>[0];
  const tokens = async (given: object) => {
    const of = { ...arrival, tokens: { ...arrival.tokens, ...given } };
    return (await waiting.read(await waiting.keep(of, NOW), later(30))).tokens;
  };

  test('is found as it was, however little the upstream told', async () => {
    expect(await tokens({})).toEqual(arrival.tokens);
  });

  test('has the less of its token’s life left, the longer the user reads', async () => {
    const told = { expiresIn: 100, refreshToken: 'r', idToken: 'i', scope: 'openid' };
    expect(await tokens(told)).toMatchObject({ ...told, expiresIn: 70 });
    expect(await tokens({ expiresIn: 10 })).toMatchObject({ expiresIn: 0 });
  });

  test('is gone where its reference is none, unknown, over or of something else', async () => {
    const read = (reference: string, at = NOW) => reasonOf(() => waiting.read(reference, at));
    expect(await read('short')).toBe('notice_gone');
    expect(await read('x'.repeat(43))).toBe('notice_gone');
    expect(await read(await waiting.keep(arrival, NOW), later(601))).toBe('notice_gone');
    const times = { now: NOW, expiresAt: later(60) };
    expect(await read(await seals.keep('notice', { r: 'no transaction' }, times))).toBe(
      'notice_gone',
    );
  });

  test('is answered once', async () => {
    const answered = new PendingNotices(seals, async () => false);
    expect(await reasonOf(() => answered.take('x'.repeat(43), NOW))).toBe('notice_gone');
    expect(await reasonOf(() => waiting.take('x'.repeat(43), NOW))).toBeUndefined();
  });
});

test('a notice tells a pseudonym from the identifier that others get too', () => {
  const vendor = { name: '<Acme>', contacts: ['privacy@acme.example'] };
  const text = (...items: readonly string[]) => noticeText(vendor, { items, policyUri: undefined });
  expect(text(RELAY_EMAIL)).toContain('only this service gets');
  expect(text(RELAY_EMAIL)).toContain('An e-mail address for you');
  expect(text(SHARED_IDENTIFIER)).toContain('Other services may get the same one');
  expect(text()).toContain('&lt;Acme&gt;');
});

describe('WebFinger', () => {
  const ask = (query: string) =>
    webfingerEndpoint({ issuer: 'https://login.example' })(
      requestWith({ query: new URLSearchParams(query) }),
    );

  test('names us for every resource alike, whether there is such a user or not', async () => {
    const body = { links: [{ href: 'https://login.example' }] };
    expect(await ask('resource=acct:alice@login.example')).toMatchObject({ body });
    expect(await ask('resource=acct:nobody@login.example')).toMatchObject({ body });
    expect(await ask('resource=acct:a@b&rel=x&rel=y')).toMatchObject({ body: { links: [] } });
  });

  test.each([
    ['resource=acct:a@b&resource=acct:c@d', 'parameter_duplicated'],
    ['resource=alice', 'request_malformed'],
    [`resource=acct:${'a'.repeat(1024)}`, 'request_malformed'],
    ['', 'parameter_missing'],
  ])('refuses ?%s', async (query, reason) => {
    expect(await reasonOf(() => ask(query))).toBe(reason);
  });
});

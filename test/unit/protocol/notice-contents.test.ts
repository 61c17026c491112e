import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { NoticeSubject } from '../../../src/protocol/notice-contents.ts';
import {
  coveredBy,
  noticeContents,
  noticeVersion,
  toldTogether,
} from '../../../src/protocol/notice-contents.ts';
import { noticePage } from '../../../src/protocol/notice-page.ts';
import { releaseIdTokenClaims } from '../../../src/tokens/release.ts';

const NAMES = [
  'name',
  'locale',
  'email',
  'birthdate',
  'grade',
  'picture as photo',
  'scope:profile',
];
const policies = fc.uniqueArray(fc.constantFrom(...NAMES));
const told = fc.record({
  items: fc.uniqueArray(fc.constantFrom('claim:name', 'claim:email', 'scope:grades')),
  policyUri: fc.constantFrom(undefined, 'https://a.example/', 'https://b.example/'),
});

function subject(releaseClaims: readonly string[], more: Partial<NoticeSubject> = {}) {
  return {
    client: { releaseClaims, metadata: { require_auth_time: false } },
    vendor: { policyUri: undefined },
    mode: 'pairwise',
    transaction: { scope: 'openid profile', maxAge: undefined, authTimeRequested: false },
    ...more,
  } satisfies NoticeSubject;
}

describe('what a notice says', () => {
  test('is never less than what the release policy lets through, whatever the scope', () => {
    fc.assert(
      fc.property(policies, fc.constantFrom('openid', 'openid profile email'), (policy, scope) => {
        const claims = ['name', 'locale', 'email', 'birthdate', 'grade', 'picture', 'given_name'];
        const { claims: released } = releaseIdTokenClaims({
          upstreamClaims: Object.fromEntries(claims.map((claim) => [claim, `value of ${claim}`])),
          mode: 'pairwise',
          client: { ...subject(policy).client, sector: 'acme.example' },
          localSubject: 'm42',
          upstreamIssuer: 'https://upstream.example',
          claimsRoot: new Uint8Array(32),
          userIndex: new Uint8Array(32),
          requested: {},
        });
        const transaction = { scope, maxAge: undefined, authTimeRequested: false };
        const { items } = noticeContents(subject(policy, { transaction }));
        for (const value of Object.values(released)) {
          expect(items).toContain(`claim:${String(value).replace('value of ', '')}`);
        }
      }),
    );
  });

  test('names the shared identifier and the claims of the scopes outside pairwise', () => {
    for (const mode of ['public', 'shadow'] as const) {
      const transaction = { scope: 'openid email grades', maxAge: 60, authTimeRequested: false };
      expect(noticeContents(subject([], { mode, transaction })).items).toEqual([
        'claim:auth_time',
        'claim:email',
        'claim:email_verified',
        'identifier:shared',
        'scope:grades',
      ]);
    }
  });

  test('names the relay address in the place of the user’s own', () => {
    const metadata = { require_auth_time: false, relay_email_domain: 'relay.example' };
    const client = { releaseClaims: ['email', 'name'], metadata };
    expect(noticeContents(subject([], { client })).items).toEqual(['claim:name', 'email:relay']);
  });

  test('names access at any time', () => {
    const transaction = {
      scope: 'openid offline_access',
      maxAge: undefined,
      authTimeRequested: false,
    };
    expect(noticeContents(subject([], { transaction })).items).toEqual(['offline_access']);
  });
});

describe('what was told before', () => {
  test('covers what holds no more, under the same policy', () => {
    fc.assert(
      fc.property(told, told, (now, before) => {
        const more = now.items.some((item) => !before.items.includes(item));
        expect(coveredBy(now, before)).toBe(!more && now.policyUri === before.policyUri);
      }),
    );
  });

  test('is nothing to those who were told nothing', () => {
    fc.assert(
      fc.property(told, (now) => {
        expect(coveredBy(now, undefined)).toBe(false);
      }),
    );
  });

  test('counts on under the same policy', () => {
    fc.assert(
      fc.property(told, told, (now, before) => {
        const together = toldTogether(now, before);
        expect(coveredBy(now, together)).toBe(true);
        expect(coveredBy(before, together)).toBe(before.policyUri === now.policyUri);
      }),
    );
  });

  test('has a version for each wording', () => {
    fc.assert(
      fc.property(told, told, (one, other) => {
        const same =
          JSON.stringify([one.items, one.policyUri]) ===
          JSON.stringify([other.items, other.policyUri]);
        expect(noticeVersion(one) === noticeVersion(other)).toBe(same);
      }),
    );
  });
});

describe('the page', () => {
  test('holds no markup of the vendor’s', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (name, contact, claim) => {
        const evil = '<script>"\'&';
        const answer = noticePage({
          vendor: { name: evil + name, contacts: [evil + contact] },
          contents: { items: [`claim:${evil}${claim}`, `scope:${evil}`], policyUri: undefined },
          action: 'https://proxy.example/oidc/notice',
          fields: { notice: 'r', version: 'v' },
          redirectUri: 'com.acme.app:/callback',
        });
        if (answer.kind !== 'page') throw new Error(answer.kind);
        expect(answer.html).not.toMatch(/<script/i);
        expect(answer.html.match(/<\/?(?:form|button|input)\b/g)).toHaveLength(8);
      }),
    );
  });

  test.each([
    ['https://acme.example/callback', "'self' https: https:"],
    ['http://127.0.0.1:8000/callback', "'self' https: http://127.0.0.1:8000"],
    ['com.acme.app:/callback', "'self' https: com.acme.app:"],
  ])('lets its form lead to %s', (redirectUri, allowed) => {
    const answer = noticePage({
      ...{ vendor: { name: 'Acme', contacts: [] }, contents: { items: [], policyUri: undefined } },
      ...{ action: 'https://proxy.example/oidc/notice', fields: {}, redirectUri },
    });
    expect(answer.headers['content-security-policy']).toContain(`form-action ${allowed};`);
  });
});

import { readdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { REASONS } from '../../../src/errors.ts';
import { preventedLeak } from '../../../src/protocol/prevented-leaks.ts';
import { read, ROOT } from '../docs/documents.ts';

const leak = (name: string, more: { endpoint?: string; detail?: string } = {}) =>
  preventedLeak({ name, endpoint: more.endpoint, detail: more.detail });

test('an answer about another user is a leak prevented where it would have left', () => {
  expect(leak('subject_of_another_user', { endpoint: 'userinfo' })).toBe('userinfo-user');
  expect(leak('subject_of_another_user', { endpoint: 'token' })).toBe('id-token-subject');
  expect(leak('browser_mismatch', { endpoint: 'callback' })).toBe('callback-browser-binding');
});

test('what has no exit behind it is none', () => {
  const ordinary = ['scope_invalid', 'parameter_missing', 'upstream_timeout', 'toString'];
  expect(ordinary.map((name) => leak(name))).toEqual(ordinary.map(() => undefined));
});

test('every upstream answer that fails closed for a user’s sake is one', () => {
  const closed = Object.keys(REASONS).filter((name) => /^(id_token|subject_(?!token))/.test(name));
  const endpoint = 'token';
  expect(closed.filter((name) => leak(name, { endpoint }) === undefined)).toEqual([]);
});

test('the words of the relay are known, each before the rest', () => {
  const sources = readdirSync(`${ROOT}/src/upstream/relay`).map((name) =>
    read(`src/upstream/relay/${name}`),
  );
  const said = sources.join('\n').matchAll(/'relay_(blocked|refused)', [`']([^$`']+)/g);
  const exits = [...said].map(([, kind, detail = '']) => [
    `${kind}: ${detail}`,
    leak(`relay_${kind}`, { detail }),
  ]);
  expect(Object.fromEntries(exits)).toMatchObject({
    'blocked: a redirect to ': 'relay-foreign-redirect',
    'blocked: a form to ': 'relay-foreign-redirect',
    'blocked: a page with a field ': 'relay-authorization-response',
    'blocked: an answer that cannot be read': 'relay-addresses',
    'blocked: an answer that repeats the ID token of the upstream': 'relay-logout-hint',
    'refused: an authorization request that is not ours': 'relay-authorization-request',
    'refused: an ambiguous path': 'relay-back-channel',
    'refused: an Authorization header': 'relay-credentials',
  });
});

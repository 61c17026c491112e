/*
 * Timing: whoever may try often learns from a comparison that ends at the first
 * difference how much of a guess was right. Times are not measured here, where they
 * would tell of the machine: that one function alone compares secrets, how it does
 * it, and that whatever checks one uses it, is read in the source.
 */
import { readdirSync } from 'node:fs';

import { expect, it } from 'vitest';

import { secretsEqual } from '../../src/tokens/client-secret.ts';
import { read } from '../unit/docs/documents.ts';

const SOURCES = readdirSync(new URL('../../src', import.meta.url), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: read(`src/${path}`) }));

const using = (name: string): string[] =>
  SOURCES.filter(({ text }) => text.includes(`${name}(`)).map(({ path }) => path);

it('secrets are compared in one place, as digests of equal length, in constant time', () => {
  expect(using('timingSafeEqual')).toEqual(['tokens/client-secret.ts']);
  const { text = '' } = SOURCES.find(({ path }) => path === 'tokens/client-secret.ts') ?? {};
  expect(text).toContain('timingSafeEqual(digest(one), digest(other))');
  expect(text).toContain("createHash('sha256')");
  expect(secretsEqual('secret', 'secret')).toBe(true);
  expect(secretsEqual('secret', 'secret-and-more')).toBe(false);
});

it('whatever checks a secret that a request presents uses it', () => {
  expect(using('secretsEqual').toSorted()).toEqual([
    'admin/authenticate.ts',
    'dashboard/own-form.ts',
    'protocol/account-session.ts',
    'protocol/browser-binding.ts',
    'protocol/client-authentication.ts',
    'tokens/client-secret.ts',
    'tokens/dpop-nonce.ts',
    'tokens/pkce.ts',
    'tokens/verify.ts',
  ]);
});

it('no other line compares what is called a secret, a token or a password', () => {
  const named = /(?:secret|password|verifier|formToken|bearer)(?:\[[^\]]*\]|\.\w+)?$/i;
  const compares = SOURCES.flatMap(({ path, text }) =>
    [...text.matchAll(/([\w.]+) [!=]== ([\w.'"]+)/g)]
      .filter(([, left = '', right = '']) => {
        const isConstant = /^(?:undefined|null|true|false|\d+|['"].*)$/.test(right);
        return !isConstant && (named.test(left) || named.test(right));
      })
      .map(([line]) => `${path}: ${line}`),
  );
  // All of them are an operator's own, compared with each other.
  expect(compares.toSorted()).toEqual([
    'operations/upstream-clients.ts: changed.clientSecret !== secret',
    'subjects/import.ts: bearer !== key',
    'vendors/rules.ts: upstream.clientSecret === client.clientSecret',
  ]);
});

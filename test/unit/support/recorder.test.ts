import { deflateSync, gzipSync } from 'node:zlib';

import { UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';

import { VendorRecord, commonValues, findings } from '../../support/recorder.ts';

/*
 * The leak tests are only as good as their search. Here the username is planted
 * in every disguise in which an answer could carry it, and must be found.
 */

const secret = 'alice@legacy.example';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const jwt = (claims: Record<string, unknown>) => new UnsecuredJWT(claims).encode();

const disguises: Record<string, string> = {
  plain: `error: ${secret}`,
  'in capitals': secret.toUpperCase(),
  'percent-encoded': `https://v.example/?next=${encodeURIComponent(secret)}`,
  'percent-encoded twice': encodeURIComponent(encodeURIComponent(`a b ${secret}`)),
  'every byte percent-encoded': Buffer.from(secret).toString('hex').replaceAll(/../g, '%$&'),
  base64: base64(secret),
  'base64url with something before it': `${'x'.repeat(5)}${base64url(`{"sub":"${secret}"}`)}`,
  'base64 in base64url': base64url(`v1:${base64(secret)}`),
  hex: Buffer.from(secret).toString('hex'),
  'hex after an odd digit': `a${Buffer.from(secret).toString('hex')}`,
  'JSON with escapes': `{"a":["${[...secret].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')}"]}`,
  'JSON in JSON': JSON.stringify({ a: JSON.stringify({ b: secret }) }),
  'a member name': JSON.stringify({ [secret]: 1 }),
  'HTML entities': [...secret].map((c) => `&#${c.charCodeAt(0)};`).join(''),
  'an ID token in a token response': JSON.stringify({ id_token: jwt({ sub: secret }) }),
  'a JWT in a JWT': jwt({ at: jwt({ username: secret }) }),
  'a JWT in a redirect': `https://v.example/cb?code=${jwt({ email: secret })}&state=x`,
  'binary bytes in base64url': Buffer.concat([
    Buffer.of(0, 255, 3),
    Buffer.from(secret),
    Buffer.of(7),
  ]).toString('base64url'),
  'gzip in base64': gzipSync(`{"sub":"${secret}"}`).toString('base64'),
  'deflate in base64url': deflateSync(`{"sub":"${secret}"}`).toString('base64url'),
};

describe('a planted leak is found', () => {
  for (const [name, text] of Object.entries(disguises)) {
    test(name, () => {
      const record = new VendorRecord();
      record.add('somewhere', text);
      expect(findings(record, [secret])[0]).toMatchObject({ needle: secret, where: 'somewhere' });
    });
  }
});

describe('a short username is found as a word, and not by chance', () => {
  const found = (text: string) => {
    const record = new VendorRecord();
    record.add('somewhere', text);
    return findings(record, ['bob']).length > 0;
  };
  for (const [name, text] of Object.entries({
    'in a sentence': 'user Bob is locked',
    'in a claim': jwt({ sub: 'bob' }),
    'in a URL': 'https://v.example/?u=bob',
    'in a path, encoded': encodeURIComponent('/users/bob.jpg'),
    'as JSON': '{"sub":"bob"}',
    'behind a length byte': Buffer.from('\u00a1csubcbob').toString('base64url'),
  })) {
    test(name, () => expect(found(text)).toBe(true));
  }
  test('but not inside a random token', () => {
    expect(found('eyJhbGciOiJkaXIixBOBx7Zq0aQwLkxBobYY')).toBe(false);
    expect(found(JSON.stringify({ access_token: `${'q'.repeat(40)}bob${'z'.repeat(40)}` }))).toBe(
      false,
    );
  });
});

test('nothing is found where nothing is', () => {
  const record = new VendorRecord();
  record.add('token response', JSON.stringify({ id_token: jwt({ sub: 'mfrggzdfmztwq2lk' }) }));
  record.add('callback', 'https://v.example/cb?code=abcdefgh&iss=https%3A%2F%2Fproxy.example');
  expect(findings(record, [secret, 'alice'])).toEqual([]);
});

describe('values that two vendors share are found', () => {
  const shared = 'session-4711-0815';
  const places: Record<string, (value: string) => string> = {
    'a JSON leaf': (value) => JSON.stringify({ a: { b: [value] } }),
    'a number': (value) => JSON.stringify({ a: value === shared ? 1_777_777_777 : 5 }),
    'a URL parameter': (value) => `https://${value.length}.example/cb?state=${value}`,
    'a URL parameter, encoded twice': (value) =>
      `/cb?next=${encodeURIComponent(`https://x.example/?q=${encodeURIComponent(value)}`)}`,
    'a header value': (value) => `a=${value}; Path=/`,
    'a claim': (value) => jwt({ sid: value }),
    'a claim in a token response': (value) =>
      JSON.stringify({ id_token: jwt({ sid: value, sub: String(value.length) }) }),
    'a part of a token': (value) =>
      `${'h'.repeat(value.length)}.${base64url(shared)}.signature${value.length}`,
  };
  for (const [name, place] of Object.entries(places)) {
    test(name, () => {
      const [a, b, c] = [new VendorRecord(), new VendorRecord(), new VendorRecord()];
      a.add('x', place(shared));
      b.add('y', `${place(shared)}`);
      c.add('y', 'https://other.example/?q=nothing');
      expect(commonValues(a, b)).not.toEqual([]);
      expect(commonValues(a, c)).toEqual([]);
    });
  }
});

test('short values and member names are no common values', () => {
  const [a, b] = [new VendorRecord(), new VendorRecord()];
  a.add('x', JSON.stringify({ a_rather_long_name: 'short', sub: 'aaaaaaaaaaaa' }));
  b.add('x', JSON.stringify({ a_rather_long_name: 'short', sub: 'bbbbbbbbbbbb' }));
  expect(commonValues(a, b)).toEqual([]);
});

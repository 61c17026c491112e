import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Refusal } from '../../../src/errors.ts';
import { apiAddress, holdsEndpoint } from '../../../src/upstream/internal-api.ts';
import type { UpstreamMetadata } from '../../../src/upstream/metadata.ts';
import { repeatsToken } from '../../../src/upstream/repeated-token.ts';

const BASES = [
  'https://orders.internal',
  'http://10.0.0.7:8080',
  'https://inner.example/v1/orders',
];

/** Pieces of which paths are made that servers read in different ways. */
const piece = fc.oneof(
  fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '%2f',
    '%5c',
    '\\',
    '//',
    ';',
    '?',
    '#',
    '@',
    ':',
  ),
  fc.constantFrom('%', '%25', '%00', '%c0%ae', '\t', '\r\n', ' ', '{', '|', '\u2025', '\u{ff0f}'),
  fc.string({ maxLength: 4 }),
  fc.constantFrom('orders', 'evil.example', 'a'),
);
const rest = fc
  .tuple(fc.constantFrom('', '/', '?'), fc.array(piece, { maxLength: 8 }))
  .map(([first, pieces]) => first + (first === '' ? '' : pieces.join('')));

describe('the address at an API', () => {
  it.each(BASES)('below %s is refused, or lies there to the letter', (base) => {
    const { origin, pathname } = new URL(base);
    const folder = pathname.replace(/\/$/, '');
    fc.assert(
      fc.property(rest, (asked) => {
        let address: URL;
        try {
          address = apiAddress(base, asked);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
          return;
        }
        expect([address.origin, address.username, address.hash]).toEqual([origin, '', '']);
        const path = asked.split('?')[0] ?? '';
        expect(address.pathname).toBe(`${folder}${path}` || '/');
        expect(decodeURIComponent(address.pathname).split(/[/\\]/)).not.toContain('..');
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps plain paths and queries', () => {
    const [base = ''] = BASES;
    for (const plain of ['/orders/17', '/a%20b/%C3%A9', '/a;v=2/', '?q=%2F..%2F', '/o?a=/../b']) {
      expect(apiAddress(base, plain).href).toBe(
        `${base}${plain.startsWith('?') ? '/' : ''}${plain}`,
      );
    }
  });
});

describe('an endpoint of the upstream at an API', () => {
  const metadata = {
    advertised: { userinfo_endpoint: 'https://graph.example/oidc/userinfo' },
    reached: { userinfo_endpoint: new URL('http://10.0.0.9/oidc/userinfo') },
  } as unknown as UpstreamMetadata;

  it.each([
    ['https://graph.example', true],
    ['https://graph.example/oidc', true],
    ['https://graph.example/oidc/userinfo', true],
    ['http://10.0.0.9', true],
    ['https://graph.example/oid', false],
    ['https://graph.example/v1', false],
    ['https://graph.example:8443', false],
    ['http://graph.example', false],
  ])('%s: %s', (base, held) => {
    expect(holdsEndpoint(base, metadata)).toBe(held);
  });
});

describe('an answer that repeats the token', () => {
  const character = fc.constantFrom(...'ABCXYZabcxyz0189-._~+/');
  const tokens = fc.string({ unit: character, minLength: 24, maxLength: 80 });
  const noise = fc.string({ maxLength: 20 });
  const forms: Readonly<Record<string, (text: string) => string | Buffer>> = {
    plain: (text) => text,
    JSON: (text) => JSON.stringify({ text }).replaceAll('/', '\\/'),
    'JSON in JSON': (text) => JSON.stringify(JSON.stringify({ text })),
    URL: (text) => encodeURIComponent(text),
    HTML: (text) => text.replaceAll('+', '&#43;').replaceAll('/', '&#x2F;'),
    'escaped JSON': (text) => text.replaceAll('+', '\\u002b').replaceAll('/', '\\u002F'),
    hexadecimal: (text) => Buffer.from(text).toString('hex'),
    base64: (text) => Buffer.from(text).toString('base64'),
    base64url: (text) => Buffer.from(text).toString('base64url'),
    'UTF-16': (text) => Buffer.from(text, 'utf16le'),
  };

  it.each(Object.keys(forms))('as %s is found, whatever stands around it', (name) => {
    const form = forms[name] ?? ((text: string) => text);
    fc.assert(
      fc.property(tokens, noise, noise, (token, before, after) => {
        expect(repeatsToken(form(`${before}${token}${after}`), token)).toBe(true);
      }),
    );
  });

  it.each(['%', '\\', '&#', '%25', '\\u00', '&amp;#x'])(
    'is found behind %j, which would begin an escape with what follows',
    (before) => {
      for (const token of ['AAAAAAAAAAAAAAAAAAAAA/AA', '2fAAAAAAAAAAAAAAAAAAAAA+AA']) {
        for (const form of Object.values(forms)) {
          expect(repeatsToken(form(`${before}${token}`), token)).toBe(true);
        }
      }
    },
  );

  it('is found where it is escaped twice, by name, or within base64 that JSON escapes', () => {
    const token = 'AAAAAAAAAAAAAAAA/AAA+AAAAAAAAA==';
    for (const text of [
      encodeURIComponent(encodeURIComponent(encodeURIComponent(token))),
      token.replaceAll('/', '&sol;').replaceAll('+', '&amp;plus;').replaceAll('=', '&equals;'),
      JSON.stringify(JSON.stringify({ token: token.replaceAll('/', '\\u002f') })),
      JSON.stringify({ raw: Buffer.from(`??>${'\xff'}?${token}`).toString('base64') }).replaceAll(
        '/',
        '\\/',
      ),
    ]) {
      expect(repeatsToken(text, token), text).toBe(true);
    }
  });

  it('is found by the claims or the signature of a JWT alone', () => {
    const claims = Buffer.from(JSON.stringify({ sub: 'alice', scope: 'orders' })).toString(
      'base64url',
    );
    const token = `eyJhbGciOiJSUzI1NiJ9.${claims}.${'s'.repeat(86)}`;
    expect(repeatsToken(`{"claims":"${claims}"}`, token)).toBe(true);
    expect(repeatsToken('s'.repeat(86), token)).toBe(true);
    expect(repeatsToken('eyJhbGciOiJSUzI1NiJ9', token)).toBe(false);
  });

  it('is not any answer', () => {
    fc.assert(
      fc.property(tokens, fc.uint8Array({ maxLength: 200 }), (token, answer) => {
        expect(repeatsToken(answer, token)).toBe(false);
      }),
    );
  });
});

// A released claim is text that the legacy IdP, its administrators or the user
// wrote. The local subject must not ride out on it, in whatever coat.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carries, identifier } from '../../../src/tokens/traces.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const hex = (text: string): string => Buffer.from(text).toString('hex');
const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const wide = (text: string): string =>
  text.replaceAll(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));

const coats: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'upper case': (text) => text.toUpperCase(),
  'full-width letters': wide,
  'percent-encoding': percent,
  'percent-encoding, twice': (text) => percent(percent(text)),
  base64,
  base64url,
  hexadecimal: hex,
  'hexadecimal in capitals': (text) => hex(text).toUpperCase(),
  'base64 in base64': (text) => base64(base64(text)),
  'hexadecimal in base64url in percent-encoding': (text) => percent(base64url(hex(text))),
};

describe.each(Object.entries(coats))('the local subject in %s', (_name, coat) => {
  const local = identifier('Alice-4711');

  test.each([
    ['alone', (text: string): unknown => text],
    ['inside text', (text: string): unknown => `user:${text}:eu`],
    ['inside a URL', (text: string): unknown => `https://cdn.example/u/${text}/photo.jpg?s=64`],
    ['in a list', (text: string): unknown => ['x', [text]]],
    ['deep in an object', (text: string): unknown => ({ a: [{ b: { c: text } }] })],
    ['as the name of a member', (text: string): unknown => ({ [text]: true })],
  ])('is found %s', (_place, put) => {
    expect(carries(put(coat('alice-4711')), local)).toBe(true);
  });
});

describe('the local subject', () => {
  test('is found as a number', () => {
    expect(carries({ employee: 4711 }, identifier('4711'))).toBe(true);
    expect(carries([1, -4711.5], identifier('4711'))).toBe(true);
  });

  test('is found after other characters of the base64 alphabet', () => {
    for (const before of ['', 'x', 'id', 'uid', 'u-', 'user/']) {
      expect(carries(`${before}${base64url('alice-4711')}`, identifier('alice-4711'))).toBe(true);
    }
  });

  test('is found in a JWT', () => {
    const jwt = `${base64url('{"alg":"RS256"}')}.${base64url('{"sub":"alice-4711"}')}.c2ln`;
    expect(carries(jwt, identifier('alice-4711'))).toBe(true);
  });

  test('is found grown together with other letters', () => {
    expect(carries('xalice4711y', identifier('alice4711'))).toBe(true);
    expect(carries('malice', identifier('lice'))).toBe(true);
    expect(carries('xa-bcdefghy', identifier('ab-cdefgh'))).toBe(true);
  });

  test('is found in binary data', () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 255, 10]),
      Buffer.from('alice-4711'),
      Buffer.from([128]),
    ]);
    expect(carries(bytes.toString('base64'), identifier('alice-4711'))).toBe(true);
  });

  test('is found without its separators, and with others', () => {
    const uuid = identifier('3f2504e0-4f89-11d3-9a0c-0305e82c3301');
    expect(carries('3F2504E04F8911D39A0C0305E82C3301', uuid)).toBe(true);
    expect(carries('{3f2504e0_4f89_11d3_9a0c_0305e82c3301}', uuid)).toBe(true);
    expect(carries('a\u200blice-4711', identifier('alice-4711'))).toBe(true);
  });

  test('is found in both forms of an accent', () => {
    expect(carries('Ame\u0301lie', identifier('am\u00e9lie'))).toBe(true);
  });

  test('is found in any text, in any coat', () => {
    const subject = fc.stringMatching(/^[a-z0-9@._|:-]{4,40}$/);
    const around = fc.string();
    fc.assert(
      fc.property(
        subject,
        around,
        around,
        fc.constantFrom(...Object.values(coats)),
        (s, a, b, coat) => {
          expect(carries(`${a} ${coat(s)} ${b}`, identifier(s))).toBe(true);
        },
      ),
    );
  });

  test('is taken to be where nesting is too deep to search', () => {
    let list: unknown = 'x';
    let object: unknown = 'x';
    for (let depth = 0; depth < 100_000; depth += 1) {
      list = [list];
      object = { a: object };
    }
    expect(carries(list, identifier('alice'))).toBe(true);
    expect(carries(object, identifier('alice'))).toBe(true);
  });

  test('is taken to be in a text that is too long to search', () => {
    expect(carries('x'.repeat(262_144), identifier('alice'))).toBe(false);
    expect(carries('x'.repeat(262_145), identifier('alice'))).toBe(true);
  });

  test('is not found in what has nothing of it', () => {
    const innocent = {
      name: 'Robert Müller',
      locale: 'de-CH',
      verified: true,
      none: null,
      birthdate: '1970-01-01',
      groups: ['staff', 'sales'],
      picture: `data:image/png;base64,${Buffer.alloc(20_000, 'png').toString('base64')}`,
      odd: '100% %zz %',
    };
    expect(carries(innocent, identifier('alice-4711'))).toBe(false);
  });
});

describe('a short local subject', () => {
  test.each([
    ['42', '42'],
    ['42', 42],
    ['42', 'user-42'],
    ['42', 'u42'],
    ['m42', 'room M42, east'],
    ['42', base64('id 42')],
    ['li', 'Li Wei'],
    ['7', ['x', { id: 7 }]],
  ])('%j is found in %j, where it is a word', (subject, value) => {
    expect(carries(value, identifier(subject))).toBe(true);
  });

  test.each([
    ['42', '+41 44 421 142 3'],
    ['42', 1426],
    ['li', 'Liesl Oliver'],
    ['7', 'Photo 1970'],
    ['7', 'en-US'],
    ['0', ['x']],
    ['a1', Buffer.from([0xff, 0x61, 0x31, 0xff]).toString('base64')],
    ['', 'anything'],
  ])('%j is not found in %j, where it is a part of another', (subject, value) => {
    expect(carries(value, identifier(subject))).toBe(false);
  });
});

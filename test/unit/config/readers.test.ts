import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  isLoopback,
  issuerAddress,
  originAddress,
  ownAddress,
  upstreamAddress,
} from '../../../src/config/addresses.ts';
import { databaseLocation } from '../../../src/config/database-location.ts';
import { bearerText, keyBytes, saltText } from '../../../src/config/keys.ts';
import { cidrBlock, listenAddress, pathPrefix } from '../../../src/config/network.ts';
import type { Reader } from '../../../src/config/reading.ts';
import { listOf, wholeNumber } from '../../../src/config/reading.ts';

function accepts(reader: Reader<unknown>, text: string): boolean {
  return reader(text).ok;
}

describe('an issuer', () => {
  test.each([
    'https://id.example.com',
    'https://id.example.com:8443/front/door',
    'http://localhost:8080',
    'http://127.0.0.1',
    'http://127.9.8.7:81',
    'http://[::1]:8080',
  ])('may be %s', (text) => {
    expect(issuerAddress(text)).toEqual({ ok: true, value: text });
  });

  test.each([
    'http://id.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://[::2]:8080',
    'https://id.example.com/',
    'https://id.example.com/front/',
    'https://id.example.com//front',
    'https://id.example.com/a/../b',
    'https://id.example.com/a%20b',
    'https://id.example.com/:name',
    'https://ID.example.com',
    'https://id.example.com:443',
    'https://id.example.com?',
    'https://id.example.com?a=b',
    'https://id.example.com#a',
    'https://user@id.example.com',
    'https:/id.example.com',
    'https:\\\\id.example.com',
    'id.example.com',
    'https://',
    'ftp://id.example.com',
    'https://id.example.com\n',
  ])('may not be %j', (text) => {
    expect(accepts(issuerAddress, text)).toBe(false);
  });

  test('that only lacks its canonical form is told that form', () => {
    expect(issuerAddress('https://ID.example.com:443/')).toMatchObject({
      hint: 'write https://id.example.com',
    });
  });

  test('is accepted only as URL itself spells it', () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ['https'] }), (text) => {
        if (accepts(issuerAddress, text)) expect([text, `${text}/`]).toContain(new URL(text).href);
      }),
    );
  });

  test('is loopback for every spelling of 127.0.0.0/8 and for no other address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const isInBlock = address.startsWith('127.');
        expect(isLoopback(new URL(`http://${address}`))).toBe(isInBlock);
      }),
    );
    expect(isLoopback(new URL('http://127.1'))).toBe(true);
    expect(isLoopback(new URL('http://0x7f000001'))).toBe(true);
  });
});

describe('other addresses', () => {
  test.each([
    'https://login.example.com/',
    'http://idp.internal:8080/auth',
    'https://LOGIN.example.com',
  ])('the upstream may be %s, to the letter', (text) => {
    expect(upstreamAddress(text)).toEqual({ ok: true, value: text });
  });

  test.each(['login.example.com', 'https://login.example.com/?a', 'https://u:p@login.example.com'])(
    'the upstream may not be %s',
    (text) => {
      expect(accepts(upstreamAddress, text)).toBe(false);
    },
  );

  test('the admin address may use http on an inner network', () => {
    expect(accepts(ownAddress, 'http://admin.internal:8081')).toBe(true);
    expect(accepts(ownAddress, 'http://admin.internal:8081/')).toBe(false);
  });

  test('an origin is what URL calls one', () => {
    fc.assert(
      fc.property(fc.webUrl(), (text) => {
        expect(accepts(originAddress, new URL(text).origin)).toBe(true);
        expect(accepts(originAddress, text)).toBe(new URL(text).origin === text);
      }),
    );
    expect(accepts(originAddress, 'null')).toBe(false);
    expect(accepts(originAddress, 'https://*.example.com/')).toBe(false);
  });
});

describe('a database', () => {
  test.each([
    ['sqlite:data/pairwise.sqlite', 'data/pairwise.sqlite'],
    ['sqlite:/var/lib/pairwise.sqlite', '/var/lib/pairwise.sqlite'],
    ['sqlite:///var/lib/pairwise.sqlite', '///var/lib/pairwise.sqlite'],
  ])('%s is the file %s', (text, file) => {
    expect(databaseLocation(text)).toEqual({ ok: true, value: { dialect: 'sqlite', file } });
  });

  test.each(['mysql://app@db/pairwise', 'mysql://app:p%25w@[::1]:3306/pairwise?ssl=%7B%7D'])(
    '%s is kept as it is',
    (url) => {
      expect(databaseLocation(url)).toEqual({ ok: true, value: { dialect: 'mysql', url } });
    },
  );

  test.each([
    'sqlite:',
    'sqlite:data/',
    'sqlite::memory:',
    'sqlite:file:x?mode=memory',
    'sqlite://data/pairwise.sqlite',
    'mysql://db/pairwise',
    'mysql://app@db',
    'mysql://app@db/',
    'mysql://app@db/pairwise/more',
    'mysql://app:100%@db/pairwise',
    'mysql://app:a#b@db/pairwise',
    'mysql:app@db/pairwise',
    'mariadb://app@db/pairwise',
    'postgres://app@db/pairwise',
    'pairwise.sqlite',
    'sqlite:data/pairwise.sqlite\n',
    ' sqlite:data/pairwise.sqlite',
    'sqlite:data/\0.sqlite',
    'mysql://app@db/pairwise\n',
  ])('%j is refused', (text) => {
    expect(accepts(databaseLocation, text)).toBe(false);
  });
});

describe('a key', () => {
  test('of 32 bytes or more is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 96 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        expect(keyBytes(text)).toEqual({ ok: true, value: new Uint8Array(bytes) });
      }),
    );
  });

  test('of fewer bytes is weak', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 31 }), (bytes) => {
        expect(keyBytes(Buffer.from(bytes).toString('base64url'))).toMatchObject({
          problem: `is weak: it has ${bytes.length} bytes`,
        });
      }),
    );
  });

  test('has one spelling only: no padding, no other alphabet, no white space, no stray bits', () => {
    fc.assert(
      fc.property(
        fc.base64String({ minLength: 44 }),
        fc.constantFrom('=', ' ', '\n', '+', '/'),
        (text, more) => {
          expect(accepts(keyBytes, `${text}${more}`)).toBe(false);
        },
      ),
    );
    expect(accepts(keyBytes, 'B'.repeat(43))).toBe(false);
    expect(accepts(keyBytes, `${'B'.repeat(42)}A`)).toBe(true);
  });

  test('that is padded or base64 is told how to be right', () => {
    expect(keyBytes(Buffer.alloc(32, 1).toString('base64'))).toMatchObject({
      hint: 'leave out the "=" at the end',
    });
    expect(keyBytes(Buffer.alloc(33, 0xff).toString('base64'))).toMatchObject({
      problem: 'is base64, not base64url',
    });
  });

  test('as a salt of oidc-sha256 is the UTF-8 text, byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        expect(saltText(text)).toEqual({ ok: true, value: new Uint8Array(Buffer.from(text)) });
      }),
    );
    expect(accepts(saltText, '\ud800')).toBe(false);
  });

  test('a bearer token fits into a header', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        if (accepts(bearerText, text)) {
          expect(new Headers({ a: `Bearer ${text}` }).get('a')).toBe(`Bearer ${text}`);
        }
      }),
    );
    expect(accepts(bearerText, 'two words')).toBe(false);
    expect(accepts(bearerText, 'line\nfeed')).toBe(false);
  });
});

describe('listeners and networks', () => {
  test('a listener is any address with any port', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(fc.ipV4(), port, (host, number) => {
        const value = { host, port: number };
        expect(listenAddress(`${host}:${number}`)).toEqual({ ok: true, value });
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), port, (host, number) => {
        const value = { host, port: number };
        expect(listenAddress(`[${host}]:${number}`)).toEqual({ ok: true, value });
      }),
    );
    expect(accepts(listenAddress, 'localhost:8080')).toBe(true);
  });

  test.each(['8080', ':8080', 'localhost', 'localhost:', '::1:8080', '[::1]', '[127.0.0.1]:80'])(
    '%s is no listener',
    (text) => {
      expect(accepts(listenAddress, text)).toBe(false);
    },
  );

  test.each(['localhost:65536', '127.1:80', '*:8080', 'http://localhost:8080', 'a b:80'])(
    'neither is %s',
    (text) => {
      expect(accepts(listenAddress, text)).toBe(false);
    },
  );

  test('a trusted address alone is a block of one', () => {
    expect(cidrBlock('192.0.2.1')).toEqual({ ok: true, value: '192.0.2.1/32' });
    expect(cidrBlock('fd00::1')).toEqual({ ok: true, value: 'fd00::1/128' });
  });

  test.each(['10.0.0.0/8', '10.1.2.3/8', 'fd00::/8', '::1/128'])('%s may be trusted', (text) => {
    expect(cidrBlock(text)).toEqual({ ok: true, value: text });
  });

  /*
   * Attack: whoever may send X-Forwarded-For and X-Forwarded-Proto chooses the
   * address that is rate-limited and logged. A block that reads as something
   * wider than the operator meant opens that to strangers.
   */
  test.each([
    '0.0.0.0/0',
    '::/0',
    '10/8',
    '010.0.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/8/8',
    'fe80::1%eth0/64',
    'loopback',
    '*',
  ])('%s may not be trusted', (text) => {
    expect(accepts(cidrBlock, text)).toBe(false);
  });

  test.each(['/', '/login', '/login/', '/a%20b', '/realms/main.v2'])('%s is a path', (text) => {
    expect(pathPrefix(text)).toEqual({ ok: true, value: text });
  });

  test.each(['login', '//login', '/a//b', '/a/../b', '/a/%2e%2e/b', '/a?b', '/a#b', '/a\\b', '/ä'])(
    '%s is no path',
    (text) => {
      expect(accepts(pathPrefix, text)).toBe(false);
    },
  );
});

describe('lists and numbers', () => {
  test('items stand between commas or white space, each once', () => {
    const items = fc.uniqueArray(fc.stringMatching(/^\/[a-z]{1,8}$/), { minLength: 1 });
    const separator = fc.constantFrom(',', ' ', ', ', '\n', ' ,\t');
    fc.assert(
      fc.property(items, separator, (paths, between) => {
        const text = [...paths, ...paths].join(between);
        expect(listOf(pathPrefix)(text)).toEqual({ ok: true, value: paths });
      }),
    );
  });

  test('the first wrong item is told by its position', () => {
    expect(listOf(pathPrefix)('/a, b, c')).toMatchObject({
      problem: 'item 2 is not an absolute path',
    });
  });

  test('a whole number is digits between the bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 200 }), (number) => {
        expect(accepts(wholeNumber(1, 64), String(number))).toBe(number >= 1 && number <= 64);
      }),
    );
    for (const text of ['1.0', '1e1', '0x1', '+1', ' 1', '', 'one', '9'.repeat(40)]) {
      expect(accepts(wholeNumber(0, 64), text)).toBe(false);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AtRest, AtRestError } from '../../../src/database/at-rest.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { lengthPrefixed } from '../../../src/keyed-hash.ts';

const atRest = new AtRest(Buffer.alloc(32, 1));
const place = { table: 'pseudonyms', column: 'local_subject', row: 'r' };

describe('encryption at rest', () => {
  test('gives back what was sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (plaintext) => {
        expect(atRest.open(place, atRest.seal(place, plaintext))).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  test('every local subject of 0 to 255 bytes has the same length when sealed', () => {
    const lengths = Array.from(
      { length: 256 },
      (_, n) => atRest.seal(place, Buffer.alloc(n)).length,
    );
    expect(new Set(lengths)).toEqual(new Set([320]));
  });

  test('the length is one of a few, and every column that holds one has room for it', () => {
    const size = (bytes: number): number => atRest.seal(place, Buffer.alloc(bytes)).length;
    expect([0, 287, 288, 991, 992, 4063, 4064, 16_351].map(size)).toEqual([
      320, 320, 1024, 1024, 4096, 4096, 16_384, 16_384,
    ]);
    expect(size(16_352)).toBe(32_768);
  });

  test('the same value sealed twice is never the same bytes', () => {
    const once = atRest.seal(place, Buffer.from('m42'));
    expect(atRest.seal(place, Buffer.from('m42'))).not.toEqual(once);
  });

  test('a changed, cut or empty value, and one of another root, is an error of its own kind', () => {
    const sealed = atRest.seal(place, Buffer.from('m42'));
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(() => atRest.open(place, changed)).toThrow(AtRestError);
      }),
    );
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => atRest.open(place, sealed.subarray(0, length))).toThrow(AtRestError);
    }
    expect(() => new AtRest(Buffer.alloc(32, 2)).open(place, sealed)).toThrow(AtRestError);
  });

  test('the error names the column and neither the row nor the value', () => {
    const sealed = atRest.seal(place, Buffer.from('m42'));
    const elsewhere = { ...place, row: 'row-of-m42' };
    expect(() => atRest.open(elsewhere, sealed)).toThrow(/pseudonyms\.local_subject/);
    expect(() => atRest.open(elsewhere, sealed)).not.toThrow(/m42/);
  });
});

describe('the blind index', () => {
  const root = Buffer.alloc(32, 3);

  test('is 32 bytes, stable, and different in every sector and for every root', () => {
    const index = userIndex(root, 'a.example', 'm42');
    expect(index).toHaveLength(32);
    expect(userIndex(root, 'a.example', 'm42')).toEqual(index);
    expect(userIndex(root, 'b.example', 'm42')).not.toEqual(index);
    expect(userIndex(root, 'a.example', 'M42')).not.toEqual(index);
    expect(userIndex(root, 'a.example', 'm42 ')).not.toEqual(index);
    expect(userIndex(Buffer.alloc(32, 4), 'a.example', 'm42')).not.toEqual(index);
  });

  test('example.co with m42 is not example.com with 42', () => {
    expect(userIndex(root, 'example.co', 'm42')).not.toEqual(userIndex(root, 'example.com', '42'));
  });

  test('length prefixes tell every two lists of parts apart', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const same =
          JSON.stringify(left.map((p) => [...p])) === JSON.stringify(right.map((p) => [...p]));
        expect(lengthPrefixed(...left).equals(lengthPrefixed(...right))).toBe(same);
      }),
    );
  });
});

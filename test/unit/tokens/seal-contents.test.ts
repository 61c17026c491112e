import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketFor } from '../../../src/tokens/seal-contents.ts';

test('buckets are 256, 384, 512, 768, 1024 … bytes', () => {
  expect([0, 256, 257, 385, 513, 769, 1025, 1537].map(bucketFor)).toEqual([
    256, 256, 384, 512, 768, 1024, 1536, 2048,
  ]);
});

test('a bucket holds its value and pads a larger one by half at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 256, max: 1_000_000 }), (length) => {
      expect(bucketFor(length)).toBeGreaterThanOrEqual(length);
      expect(bucketFor(length)).toBeLessThanOrEqual(length * 1.5);
      expect(bucketFor(bucketFor(length))).toBe(bucketFor(length));
    }),
  );
});

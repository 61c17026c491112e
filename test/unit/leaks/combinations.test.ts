import fc from 'fast-check';
import { expect, test } from 'vitest';

import { keyOf, pairsIn, pairsOf, pairwise, product } from '../../leaks/product/combinations.ts';
import { DIMENSIONS, isPossible } from '../../leaks/product/dimensions.ts';

const anything = (): boolean => true;

test('a covering array holds every pair, whatever the dimensions', () => {
  const values = (letter: string) =>
    fc
      .integer({ min: 1, max: 5 })
      .map((size) => Array.from({ length: size }, (_, i) => letter + i));
  fc.assert(
    fc.property(fc.record({ a: values('a'), b: values('b'), c: values('c') }), (dimensions) => {
      const covered = new Set(pairwise(dimensions, anything).flatMap(pairsIn).map(keyOf));
      for (const pair of pairsOf(dimensions, anything)) expect(covered).toContain(keyOf(pair));
    }),
  );
});

test('the covering array of the leak tests holds every possible pair, and nothing impossible', () => {
  const rows = pairwise(DIMENSIONS, isPossible);
  const covered = new Set(rows.flatMap(pairsIn).map(keyOf));
  for (const pair of pairsOf(DIMENSIONS, isPossible)) expect(covered).toContain(keyOf(pair));
  expect(rows.every(isPossible)).toBe(true);
  expect(rows.length).toBeLessThan(product(DIMENSIONS, isPossible).length / 5);
});

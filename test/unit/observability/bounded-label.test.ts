import { expect, test } from 'vitest';

import { BoundedLabel } from '../../../src/observability/metrics/bounded-label.ts';

test('tells the first values apart, for ever, and none beyond them', () => {
  const label = new BoundedLabel(2);
  expect(['acme', 'bolt', 'acme', 'coil', 'bolt', 'dart'].map((each) => label.of(each))).toEqual([
    'acme',
    'bolt',
    'acme',
    'other',
    'bolt',
    'other',
  ]);
});

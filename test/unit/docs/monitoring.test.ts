import { expect, test } from 'vitest';

import { METRICS } from '../../../src/observability/metrics/definitions.ts';
import type { Definition } from '../../../src/observability/metrics/definitions.ts';
import { createMetrics } from '../../../src/observability/metrics/registry.ts';
import { marked, quoted, read, rowsOf } from './documents.ts';

test('every metric stands in the document with its type, labels and meaning, and no other', () => {
  const described = rowsOf(marked(read('docs/monitoring.md'), 'metrics')).map(
    ([name = '', type, labels = '', meaning]) => [
      quoted(name)[0],
      { type, labels: quoted(labels), meaning },
    ],
  );
  const defined = Object.values<Definition>(METRICS).map(({ name, kind, labels, help }) => [
    name,
    { type: kind, labels: [...labels], meaning: help },
  ]);
  expect(Object.fromEntries(described)).toEqual(Object.fromEntries(defined));
});

test('the registry has every metric that is defined, by its name', () => {
  const { registry } = createMetrics();
  const named = registry.getMetricsAsArray().map(({ name }) => name);
  expect(named.toSorted()).toEqual(
    Object.values(METRICS)
      .map(({ name }) => name)
      .toSorted(),
  );
});

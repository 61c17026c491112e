import { parse } from 'yaml';

import { createMetrics } from '../../src/observability/metrics/registry.ts';
import { read } from '../unit/docs/documents.ts';
import type { Query } from '../support/promql.ts';
import { readQuery } from '../support/promql.ts';

/** One rule of `deploy/prometheus/rules.yaml`. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Every rule, in its order. */
export function rules(): readonly Rule[] {
  const { groups } = parse(read('deploy/prometheus/rules.yaml')) as {
    groups: readonly { rules: readonly Rule[] }[];
  };
  return groups.flatMap((group) => group.rules);
}

/** What Prometheus adds to everything that it scrapes. */
const SCRAPED = ['job', 'instance'];

/** The labels of every metric that can be asked for: the registry's, recorded ones, and `up`. */
export function knownMetrics(): ReadonlyMap<string, readonly string[]> {
  const { registry, watchProcess } = createMetrics();
  watchProcess();
  const known = new Map<string, readonly string[]>([['up', SCRAPED]]);
  for (const metric of registry.getMetricsAsArray()) {
    // The declaration leaves out what each metric has.
    const { name, labelNames, type } = metric as unknown as Described;
    const labels = [...SCRAPED, ...labelNames];
    if (type !== 'histogram') known.set(name, labels);
    else {
      for (const part of ['sum', 'count']) known.set(`${name}_${part}`, labels);
      known.set(`${name}_bucket`, [...labels, 'le']);
    }
  }
  for (const { record, expr } of rules()) {
    if (record !== undefined) known.set(record, readQuery(expr).groupings[0]?.labels ?? []);
  }
  return known;
}

interface Described {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly type: string;
}

/** What an expression asks for that there is not. */
export function unknownIn(
  { selectors, groupings }: Query,
  known: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const metrics = selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => metric);
  const labels = selectors.flatMap(({ metric, labels }) =>
    labels
      .filter((label) => known.get(metric)?.includes(label) === false)
      .map((label) => `${metric} ${label}`),
  );
  const grouped = groupings.flatMap(({ labels, of }) =>
    labels.filter(
      (label) => !of.every(({ metric }) => known.get(metric)?.includes(label) === true),
    ),
  );
  return [...metrics, ...labels, ...grouped];
}

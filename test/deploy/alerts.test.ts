import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { read } from '../unit/docs/documents.ts';
import { findPromtool } from '../support/find-promtool.ts';
import { readQuery } from '../support/promql.ts';
import { scratchFolder } from '../support/scratch.ts';
import { knownMetrics, rules, unknownIn } from './known-metrics.ts';

const CASES = ['alerts.yaml', 'alerts-over-days.yaml'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

interface Case {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

let promtool: string;
beforeAll(async () => {
  const found = await findPromtool();
  if (found === undefined) {
    throw new Error(
      'promtool is not installed. Install Debian’s package prometheus, or set PROMTOOL_PATH.',
    );
  }
  promtool = found;
});

/** What promtool complains of; empty where it is content. */
async function complaints(...args: readonly string[]): Promise<string> {
  return promisify(execFile)(promtool, [...args]).then(
    () => '',
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );
}

const alerts = rules().flatMap(({ alert }) => alert ?? []);

describe('the alerts', () => {
  it.each(CASES)('fire and stay quiet as %s says', { timeout: 120_000 }, async (path) => {
    expect(await complaints('test', 'rules', path)).toBe('');
  });

  it('are not taken to be right when a threshold is wrong', async () => {
    const folder = await scratchFolder('alerts-');
    try {
      const wrong = read('deploy/prometheus/rules.yaml').replace(
        'of="one_actor"}) > 30',
        'of="one_actor"}) > 3000',
      );
      await writeFile(join(folder, 'rules.yaml'), wrong);
      const { tests } = parse(readFileSync(CASES[0] ?? '', 'utf8')) as {
        tests: readonly (Case & { name: string })[];
      };
      const chosen = tests.filter(({ name }) => name.startsWith('PairwiseReverseLookupBurst'));
      const suite = { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: chosen };
      await writeFile(join(folder, 'test.yaml'), JSON.stringify(suite));
      const told = await complaints('test', 'rules', join(folder, 'test.yaml'));
      expect(told).toContain('FAILED');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('have each a case in which they fire and one in which they do not', () => {
    const tested = CASES.flatMap((path) => {
      const { tests } = parse(readFileSync(path, 'utf8')) as { tests: readonly Case[] };
      return tests.flatMap((each) => each.alert_rule_test);
    });
    const named = (fires: boolean) =>
      tested
        .filter(({ exp_alerts: expected }) => expected.length > 0 === fires)
        .map(({ alertname }) => alertname);
    expect(named(true).toSorted()).toEqual(alerts.toSorted());
    expect(named(false).toSorted()).toEqual(alerts.toSorted());
  });

  it('say how bad it is, in a sentence, and where to read on', () => {
    const document = read('docs/alerts.md');
    const sections = [...document.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name);
    expect(sections.toSorted()).toEqual(alerts.toSorted());
    for (const { alert, labels, annotations } of rules()) {
      if (alert === undefined) continue;
      expect(['info', 'warning', 'critical']).toContain(labels?.['severity']);
      expect(annotations?.['summary'], alert).toMatch(/\.$/);
      expect(annotations?.['runbook']).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
    }
  });

  it('ask for metrics and labels that there are', () => {
    const known = knownMetrics();
    const unknown = rules().flatMap(({ expr }) => unknownIn(readQuery(expr), known));
    expect(unknown).toEqual([]);
  });
});

describe('the dashboard', () => {
  interface Panel {
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }
  const { panels, templating } = JSON.parse(read('deploy/grafana/pairwise-proxy.json')) as {
    panels: readonly Panel[];
    templating: { list: readonly { type: string; query: string }[] };
  };
  const shown = panels.filter(({ type }) => type !== 'row');
  const queries = shown.flatMap(({ title, targets = [] }) =>
    targets.map((target) => ({ title, ...target })),
  );

  it('asks only for metrics and labels that there are', () => {
    const known = knownMetrics();
    const variables = templating.list
      .filter(({ type }) => type === 'query')
      .map(({ query }) => /^label_values\((.+), \w+\)$/.exec(query)?.[1] ?? '');
    const asked = [...queries.map(({ expr }) => expr), ...variables];
    expect(asked.length).toBeGreaterThan(30);
    const unknown = asked.flatMap((expr) =>
      unknownIn(readQuery(expr.replaceAll('$__rate_interval', '5m')), known),
    );
    expect(unknown).toEqual([]);
  });

  it('shows labels that its queries keep', () => {
    for (const { title, expr, legendFormat } of queries) {
      const kept = readQuery(expr.replaceAll('$__rate_interval', '5m')).groupings.flatMap(
        ({ labels }) => labels,
      );
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(kept, title).toEqual(expect.arrayContaining(named));
    }
  });

  it('shows every metric of ours', () => {
    const asked = new Set(
      queries.flatMap(({ expr }) =>
        readQuery(expr.replaceAll('$__rate_interval', '5m')).selectors.map(({ metric }) =>
          metric.replace(/_(?:bucket|sum|count)$/, ''),
        ),
      ),
    );
    const ours = [...knownMetrics().keys()]
      .filter((name) => name.startsWith('pairwise_'))
      .map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
    expect(ours.filter((name) => !asked.has(name))).toEqual([]);
  });

  it.each([
    ['pairwise_no_such_metric', ['pairwise_no_such_metric']],
    ['pairwise_workers{user="alice"}', ['pairwise_workers user']],
    ['sum by (sub) (pairwise_workers)', ['sub']],
  ])('would not get away with %s', (expr, unknown) => {
    expect(unknownIn(readQuery(expr), knownMetrics())).toEqual(unknown);
  });
});

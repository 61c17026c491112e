import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { LATENCY_BUCKETS, METRICS } from './definitions.ts';
import type { Definition } from './definitions.ts';

type LabelsOf<D extends Definition> = D['labels'][number];

type InstrumentOf<D extends Definition> = D['kind'] extends 'counter'
  ? Counter<LabelsOf<D>>
  : D['kind'] extends 'gauge'
    ? Gauge<LabelsOf<D>>
    : Histogram<LabelsOf<D>>;

/** Every metric of `METRICS`, to be written to. */
export type Instruments = {
  readonly [K in keyof typeof METRICS]: InstrumentOf<(typeof METRICS)[K]>;
};

/** The metrics of one process. */
export interface Metrics {
  readonly instruments: Instruments;
  /** The media type of {@link Metrics.text}. */
  readonly mediaType: string;
  /** Whatever has to be looked at when somebody asks; the last one given counts. */
  refreshBy(look: () => Promise<void>): void;
  /** Adds what Node tells of the process itself. */
  watchProcess(): void;
  /** All of it in the text format of Prometheus. */
  text(): Promise<string>;
  readonly registry: Registry;
}

/** Makes the metrics of one process; nothing is shared with other calls. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  let look = (): Promise<void> => Promise.resolve();
  let underWay: Promise<void> | undefined;
  // All gauges are read in one go, so they share one look.
  const collect = (): Promise<void> => {
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const instruments = Object.fromEntries(
    Object.entries<Definition>(METRICS).map(([key, definition]) => [
      key,
      instrument(registry, definition, collect),
    ]),
  ) as unknown as Instruments;
  return {
    ...{ instruments, registry, mediaType: registry.contentType },
    refreshBy: (next) => {
      look = next;
    },
    watchProcess: () => collectDefaultMetrics({ register: registry }),
    text: () => registry.metrics(),
  };
}

function instrument(
  registry: Registry,
  { kind, name, help, labels, across }: Definition,
  collect: () => Promise<void>,
): Counter | Gauge | Histogram {
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  if (kind === 'counter') return new Counter(common);
  if (kind === 'histogram') return new Histogram({ ...common, buckets: [...LATENCY_BUCKETS] });
  return new Gauge({ ...common, aggregator: across ?? 'max', collect });
}

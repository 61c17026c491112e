import type { AuditRecorder } from '../audit/recorder.ts';
import type { Config } from '../config/types.ts';
import type { Connection } from '../database/connection.ts';
import { watchQueries } from '../database/watched-queries.ts';
import { createMetrics } from '../observability/metrics/registry.ts';
import type { Metrics } from '../observability/metrics/registry.ts';
import type { Logger } from '../observability/logger.ts';
import { beginQuery } from '../observability/tracing/spans.ts';
import type { Workers } from '../observability/workers.ts';
import { watchedLines } from '../observability/watched-lines.ts';
import type { OperationContext } from '../operations/context.ts';
import type { PseudonymWitness } from '../subjects/settle.ts';
import type { Sealer } from '../tokens/seal.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import {
  boundedLabels,
  CountedSealer,
  countedWitness,
  countMade,
  countMapping,
  lineWatcher,
} from './metrics.ts';
import type { MappingOptions } from './mapping.ts';
import { standingLook } from './standing-metrics.ts';
import type { StandingParts } from './standing-metrics.ts';
import { callNames, measuredExchange } from './upstream-metrics.ts';

/** The few places where everything passes, each as one that is measured. */
export interface Measurements {
  readonly metrics: Metrics;
  log(log: Logger, recorder: AuditRecorder): Logger;
  witness(recorder: AuditRecorder): PseudonymWitness;
  sealer(...sealer: ConstructorParameters<typeof Sealer>): Sealer;
  exchange(exchange: Exchange, upstream: () => UpstreamProvider): Exchange;
  readonly mapping: MappingOptions['told'];
  readonly pseudonymsMade: NonNullable<OperationContext['pseudonymsMade']>;
  /** What Prometheus reads: of this process, or of all workers where there are several. */
  scrape(workers: Workers | undefined): Pick<Metrics, 'mediaType' | 'text'>;
  /** Whom to ask how things stand. */
  lookAt(parts: Omit<StandingParts, 'labels'>): void;
}

/** Measurements of one running proxy. */
export function measurements(
  db: Connection,
  { dialect }: Pick<Config['database'], 'dialect'>,
): Measurements {
  watchQueries(db, (operation) => beginQuery(operation, dialect));
  const metrics = createMetrics();
  const { instruments } = metrics;
  const labels = boundedLabels();
  return {
    metrics,
    log: (log, recorder) => watchedLines(log, lineWatcher(recorder, instruments, labels)),
    witness: (recorder) => countedWitness(recorder, instruments, labels),
    sealer: (...sealer) => new CountedSealer(instruments, ...sealer),
    exchange: (exchange, upstream) => {
      const metadata = () => (upstream().known ? upstream().metadata() : undefined);
      return measuredExchange(exchange, instruments, callNames(metadata));
    },
    mapping: countMapping(instruments, labels),
    pseudonymsMade: countMade(instruments, labels),
    scrape: (workers) => {
      const { mediaType } = metrics;
      return { mediaType, text: () => workers?.metrics() ?? metrics.text() };
    },
    lookAt: (parts) => metrics.refreshBy(standingLook({ ...parts, labels }, instruments)),
  };
}

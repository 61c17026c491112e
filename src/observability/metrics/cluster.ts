import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';

import { AggregatorRegistry } from 'prom-client';
import type { Registry } from 'prom-client';

const ASKED = 'pairwise:metrics-asked';
const TOLD = 'pairwise:metrics-told';
/** Milliseconds; longer than the library waits for the workers. */
const PATIENCE = 6000;

interface Message {
  readonly type: typeof ASKED | typeof TOLD;
  readonly id: number;
  /** Absent where not every worker answered. */
  readonly text?: string;
}

/** In the primary process: tells a worker that asks the metrics of all workers. */
export function tellMetricsOfAll(): void {
  const all = new AggregatorRegistry();
  cluster.on('message', (worker: Worker, message: Message) => {
    if (message.type !== ASKED) return;
    const tell = (text?: string): void => {
      const told: Message = { type: TOLD, id: message.id, ...(text !== undefined && { text }) };
      if (worker.isConnected()) worker.send(told);
    };
    all.clusterMetrics().then(tell, () => tell());
  });
}

/** In a worker: lets the primary process read these metrics. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries([registry]);
  // As soon as there is one, it answers the primary process.
  void new AggregatorRegistry();
}

/**
 * In a worker: asks the primary process for the metrics of all workers. Rejects where one of
 * them does not answer: without it every counter would seem to have fallen.
 */
export function metricsOfAll(): () => Promise<string> {
  const waiting = new Map<number, (told: Message) => void>();
  let last = 0;
  process.on('message', (message: Message) => {
    if (message.type === TOLD) waiting.get(message.id)?.(message);
  });
  return () => {
    last += 1;
    const id = last;
    return new Promise<string>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error('no answer of the primary process')),
        PATIENCE,
      );
      waiting.set(id, ({ text }) => {
        clearTimeout(late);
        if (text === undefined) reject(new Error('a worker does not answer'));
        else resolve(text);
      });
      process.send?.({ type: ASKED, id } satisfies Message);
    }).finally(() => waiting.delete(id));
  };
}

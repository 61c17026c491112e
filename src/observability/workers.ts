import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';

import type { Level, LogLevel } from './log-level.ts';

/** What one worker asks of all workers of its process group. */
export interface Workers {
  /** The metrics of all of them, as one. */
  metrics(): Promise<string>;
  /** Lets all of them log as much, and those that take their place. */
  changeLogLevel(level: Level): void;
}

const WISHED = 'pairwise:log-level-wished';
const CHANGED = 'pairwise:log-level-changed';

interface Message {
  readonly type: typeof WISHED | typeof CHANGED;
  readonly level: Level;
}

/** In the primary process: tells every worker the level that one of them was asked for. */
export function spreadLogLevel(own: LogLevel): void {
  const first = own.current;
  cluster.on('message', (_worker: Worker, { type, level }: Message) => {
    if (type !== WISHED) return;
    own.set(level);
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker?.isConnected() === true) worker.send({ type: CHANGED, level } satisfies Message);
    }
  });
  cluster.on('online', (worker) => {
    if (own.current === first) return;
    worker.send({ type: CHANGED, level: own.current } satisfies Message);
  });
}

/** In a worker: follows the level that the primary process tells. */
export function followLogLevel(own: LogLevel): void {
  process.on('message', ({ type, level }: Message) => {
    if (type === CHANGED) own.set(level);
  });
}

/** In a worker: asks for another level for all. */
export function wishLogLevel(level: Level): void {
  process.send?.({ type: WISHED, level } satisfies Message);
}

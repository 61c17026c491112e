import { SingleBar } from 'cli-progress';
import type { CliContext } from './context.ts';

/** Shows how far a long command is; without a terminal it is silent. */
export interface Progress {
  at(bytes: number, done: string): void;
  end(): void;
}

/** A bar on stderr, or nothing where that is no terminal. `total` in bytes; undefined: not known. */
export function progressOn(context: CliContext, total: number | undefined): Progress {
  if (!('isTTY' in context.stderr) || context.stderr.isTTY !== true) {
    return { at: () => undefined, end: () => undefined };
  }
  const bar = new SingleBar({
    stream: context.stderr,
    format: total === undefined ? '{done}' : '{bar} {percentage}% {eta_formatted} {done}',
    hideCursor: true,
    etaBuffer: 100,
  });
  bar.start(total ?? 1, 0, { done: '' });
  return {
    at: (bytes, done) => bar.update(total === undefined ? 0 : bytes, { done }),
    end: () => bar.stop(),
  };
}

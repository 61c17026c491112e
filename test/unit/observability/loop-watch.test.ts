import { setTimeout as sleep } from 'node:timers/promises';

import { expect, it, onTestFinished } from 'vitest';

import { createLogger } from '../../../src/observability/logger.ts';
import { watchLoop } from '../../../src/observability/loop-watch.ts';

/** Serves nobody. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

it('an event loop that was blocked is told in the log, with for how long', async () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  onTestFinished(watchLoop(createLogger({ level: 'warn', destination: { write } })));
  block(1000);
  while (lines.length === 0) await sleep(10);
  expect(lines).toEqual([
    expect.objectContaining({ level: 'warn', msg: 'the event loop was blocked' }),
  ]);
  expect(lines[0]?.['milliseconds']).toBeGreaterThanOrEqual(800);
});

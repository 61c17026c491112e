import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../bin/pairwise-proxy.mjs', import.meta.url));
const READY_WITHIN = 60_000;
const LINES_KEPT = 30;

/** The proxy in a process of its own, driven as an operator drives it. */
export interface ProxyProcess {
  /** Ends once the process ends, whoever ended it, with its last lines of output. */
  readonly ended: Promise<string>;
  /** Waits until `/readyz` says that it is ready; throws with its last lines when it ends instead. */
  ready(adminUrl: string, interruption: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Runs one command to its end. Throws with what it printed when it fails. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  interruption: AbortSignal,
): Promise<void> {
  interruption.throwIfAborted();
  const child = start(args, environment);
  const end = (): void => void child.kill('SIGTERM');
  interruption.addEventListener('abort', end, { once: true });
  const output = lastLinesOf(child);
  const [code] = (await once(child, 'close')) as [number | null];
  interruption.removeEventListener('abort', end);
  interruption.throwIfAborted();
  if (code !== 0) {
    throw new Error(`pairwise-proxy ${args.join(' ')} ended with ${code}:\n${output()}`);
  }
}

/** Starts `serve`. */
export function startServing(environment: Readonly<Record<string, string>>): ProxyProcess {
  const child = start(['serve'], environment);
  const output = lastLinesOf(child);
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ended = once(child, 'close').then(() => output());
  const stop = async (): Promise<void> => {
    if (!isOver()) child.kill('SIGTERM');
    await ended;
  };
  const ready = async (adminUrl: string, interruption: AbortSignal): Promise<void> => {
    const deadline = Date.now() + READY_WITHIN;
    while (!(await isReady(adminUrl))) {
      interruption.throwIfAborted();
      if (isOver() || Date.now() > deadline) {
        throw new Error(`the proxy did not become ready:\n${output()}`);
      }
      await sleep(100);
    }
  };
  return { ready, ended, stop };
}

function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    // Nothing of the caller's environment: the demo must not touch a configured database.
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function lastLinesOf(child: ChildProcess): () => string {
  let kept: string[] = [];
  const keep = (chunk: Buffer): void => {
    kept = [...kept, ...chunk.toString('utf8').split('\n')].filter(Boolean).slice(-LINES_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => kept.join('\n');
}

async function isReady(adminUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${adminUrl}/readyz`)).ok;
  } catch {
    return false;
  }
}

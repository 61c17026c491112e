import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/pairwise-proxy.mjs', import.meta.url));
const OWN_NODE = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `pairwise-proxy` process of a test. */
export interface ProxyProcess {
  readonly pid: number;
  /** The log so far, one object a line. */
  log(): Record<string, unknown>[];
  /** The first log line, from now or before, for which this holds; fails when the process ends. */
  logged(holds: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts `pairwise-proxy`, of this checkout unless said otherwise, with this environment and none of ours. */
export function startProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  program: string = PROGRAM,
): ProxyProcess {
  const node = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;
  const child = spawn(node, [program, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  let over: Ended | undefined;
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', killed);
      over = { code, signal, stdout, stderr };
      resolve(over);
      wake();
    });
  });
  const log = (): Record<string, unknown>[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    pid: child.pid ?? 0,
    log,
    logged: (holds) => {
      const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
      const look = (): void => {
        const found = log().find(holds);
        if (found !== undefined) resolve(found);
        else if (over !== undefined) reject(new Error(`ended: ${JSON.stringify(over)}`));
      };
      waiting.add(look);
      look();
      return promise.finally(() => waiting.delete(look));
    },
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

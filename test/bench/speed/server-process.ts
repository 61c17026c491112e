import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const OWN_NODE = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
export const NODE = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;

/** A server of the benchmark, in a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  /** Milliseconds from its start until it answered. */
  readonly startMilliseconds: number;
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
  /** What answers with 200 when it is ready. */
  readonly readyUrl: string;
  /** What it reads. Default: nothing. */
  readonly input?: string;
  /** Where it writes; default: nowhere. */
  readonly logFile?: string;
}

/** Starts a server and waits until it is ready. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const { program, args, env = {}, port, readyUrl, input = '', logFile } = command;
  const log = await open(logFile ?? '/dev/null', 'a');
  const begun = performance.now();
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env },
    stdio: ['pipe', log.fd, 'inherit'],
  });
  child.stdin?.on('error', () => undefined).end(input);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit');
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  try {
    while (!(await answers(readyUrl))) {
      if (ended) throw new Error(`${program} ${args.join(' ')} ended with ${child.exitCode}`);
      await sleep(5);
    }
  } finally {
    await log.close();
  }
  return {
    pid: child.pid ?? 0,
    port,
    startMilliseconds: performance.now() - begun,
    stop: async () => {
      process.off('exit', kill);
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** A server of `servers/`, with what it is told. */
export function startScript(
  name: string,
  settings: { readonly port: number } & Readonly<Record<string, unknown>>,
  readyPath: string,
): Promise<ServerProcess> {
  const script = fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url));
  return startServer({
    ...{ program: NODE, args: [script], input: JSON.stringify(settings), port: settings.port },
    readyUrl: `http://127.0.0.1:${settings.port}${readyPath}`,
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

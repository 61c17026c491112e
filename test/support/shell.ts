import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** What a command printed, and how it ended. */
export interface Printed {
  /** stdout and stderr, as a person sees them. */
  readonly output: string;
  readonly code: number;
}

/** One bash in which commands are typed one after the other: exports and jobs live on. */
export interface Shell {
  run(command: string): Promise<Printed>;
  /** Ends it and everything that was started in it. */
  close(): Promise<void>;
}

/** Opens a shell in a folder, with this environment and none of ours. */
export function openShell(folder: string, environment: Readonly<Record<string, string>>): Shell {
  // A process group of its own, so that jobs in its background can be ended with it.
  const child = spawn('bash', ['--noprofile', '--norc'], {
    ...{ cwd: folder, env: { ...environment }, detached: true },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  let wake = (): void => undefined;
  const keep = (stream: Readable): void => {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      wake();
    });
  };
  keep(child.stdout);
  keep(child.stderr);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
      wake();
    });
  });
  let commands = 0;
  return {
    run: (command) => {
      commands += 1;
      const end = new RegExp(`\\n<end of ${commands}: (\\d+)>\\n`);
      printed = '';
      const { promise, resolve, reject } = Promise.withResolvers<Printed>();
      wake = () => {
        const found = end.exec(printed);
        if (found !== null) {
          resolve({ output: printed.slice(0, found.index), code: Number(found[1]) });
        } else if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error(`the shell ended:\n${printed}`));
        }
      };
      child.stdin.write(`{ ${command}\n} 2>&1; printf '\\n<end of ${commands}: %d>\\n' $?\n`);
      return promise;
    },
    close: async () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

import { spawn } from 'node:child_process';

/** A server process that does not outlive the process that started it. */
export interface GuardedProcess {
  readonly ended: boolean;
  /** Asks the process to end (SIGTERM) and waits until it has. */
  stop(): Promise<void>;
}

/**
 * Starts a program under a shell that reads from a pipe of ours. A line there
 * asks it to stop; the pipe's end means that we died without a word, a test run
 * that was killed: then the program is killed and `folder`, its data, removed.
 */
export function startGuarded(
  program: string,
  args: readonly string[],
  folder: string,
): GuardedProcess {
  const shell = spawn('/bin/sh', ['-c', GUARD, 'sh', folder, program, ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A Ctrl+C in the terminal goes to us alone; the guard does the rest.
    detached: true,
  });
  const exit = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve());
    shell.once('error', () => resolve());
  });
  shell.stdin.on('error', () => {});
  return {
    get ended() {
      return shell.exitCode !== null || shell.signalCode !== null;
    },
    async stop() {
      shell.stdin.end('stop\n');
      await exit;
    },
  };
}

const GUARD = `
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{
  if read -r line <&3; then kill "$server"
  else kill -9 "$server"; sleep 1; rm -rf "$folder"
  fi
} 2>/dev/null &
wait "$server"
`;

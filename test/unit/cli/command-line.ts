import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';

import { runCli } from '../../../src/cli/program.ts';
import type { DatabaseLocation } from '../../../src/config/types.ts';

/** What one command line did. */
export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What stdout says as JSON. */
  json(): Record<string, unknown>;
}

export type Environment = Readonly<Record<string, string>>;

/** What the commands run with. */
export const MASTER_KEY = createHash('sha256').update('master').digest();

/** A text that is piped in, or what somebody types at a terminal. */
export type Stdin = string | { readonly typed: string };

/** Runs a command line in this process, as `main.ts` does, less the process. */
export async function run(
  environment: Environment,
  argv: readonly string[],
  stdin: Stdin = '',
): Promise<Ran> {
  const stdout = new Sink();
  const stderr = new Sink();
  const exit = await runCli({
    ...{ argv, environment, stdout, stderr },
    stdin: stdinOf(stdin),
    serve: () => Promise.reject(new Error('serve is not run here')),
  });
  return {
    ...{ exit, stdout: stdout.text, stderr: stderr.text },
    json: () => JSON.parse(stdout.text) as Record<string, unknown>,
  };
}

/** An environment for commands on a database. */
export function environmentOn(location: DatabaseLocation, more: Environment = {}): Environment {
  return {
    ISSUER: 'http://localhost:18080',
    UPSTREAM_ISSUER: 'http://localhost:19000',
    DATABASE_URL: location.dialect === 'sqlite' ? `sqlite:${location.file}` : location.url,
    MASTER_KEY: MASTER_KEY.toString('base64url'),
    PAIRWISE_SALT: createHash('sha256').update('salt').digest('base64url'),
    USER: 'operator',
    ...more,
  };
}

/** The members of the items of a list printed with `--json`. */
export function itemsOf(ran: Ran): readonly Record<string, unknown>[] {
  return ran.json()['items'] as Record<string, unknown>[];
}

function stdinOf(stdin: Stdin): Readable & { isTTY?: boolean } {
  if (typeof stdin === 'string') return Readable.from([stdin]);
  return Object.assign(Readable.from([`${stdin.typed}\n`]), { isTTY: true });
}

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { freePort } from '../../support/free-port.ts';
import type { ServerProcess } from './server-process.ts';
import { NODE, startServer } from './server-process.ts';
import type { BenchWorld } from './world.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** As the image runs it: compiled, without the sources. */
const PROGRAM = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
const COMPILER = fileURLToPath(new URL('../../../node_modules/.bin/tsc', import.meta.url));

/** Compiles the proxy, as `npm run build` does. */
export async function buildProxy(): Promise<void> {
  await promisify(execFile)(NODE, [COMPILER, '-p', 'tsconfig.build.json'], { cwd: ROOT });
}

/** Starts `serve` in production mode on the world's database, and waits until it is ready. */
export async function startProxy(
  world: BenchWorld,
  upstreamIssuer: string,
  options: {
    readonly workers?: number;
    readonly nodeArgs?: readonly string[];
    readonly program?: string;
    readonly logFile: string;
  },
): Promise<ServerProcess> {
  const { workers = 1, nodeArgs = [], program = PROGRAM, logFile } = options;
  const port = await freePort();
  const adminPort = await freePort();
  return startServer({
    ...{ program: NODE, args: [...nodeArgs, program, 'serve'], port, logFile },
    env: {
      ...world.environment,
      ...{ ISSUER: `http://localhost:${port}`, UPSTREAM_ISSUER: upstreamIssuer },
      ...{ PUBLIC_LISTEN: `127.0.0.1:${port}`, ADMIN_LISTEN: `127.0.0.1:${adminPort}` },
      WORKERS: String(workers),
    },
    readyUrl: `http://127.0.0.1:${adminPort}/readyz`,
  });
}

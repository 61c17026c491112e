import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../../support/free-port.ts';
import { benchDatabase } from '../import.ts';
import { startDurableMariadb } from './database-server.ts';
import { startNginx } from './nginx.ts';
import { buildProxy, startProxy } from './proxy.ts';
import type { ServerProcess } from './server-process.ts';
import { startScript } from './server-process.ts';
import { VendorTokens, nonceOf } from './tokens.ts';
import { writeUpstreamAnswers } from './upstream-answers.ts';
import { LOCAL_SUBJECTS, SCOPE } from './users.ts';
import type { BenchWorld } from './world.ts';
import { CLIENT_SECRET, seedWorld } from './world.ts';

/** Everything that is measured, each in a process of its own, before one stub upstream. */
export interface Scene {
  readonly stub: ServerProcess;
  readonly bare: ServerProcess;
  /** Undefined where it is not installed. */
  readonly nginx: ServerProcess | undefined;
  readonly ownProvider: ServerProcess;
  /** Refresh tokens of the provider with pairwise subjects of its own, one a user, by algorithm. */
  readonly ownTokens: Readonly<Record<'ES256' | 'RS256', readonly string[]>>;
  readonly proxy: ServerProcess;
  readonly world: BenchWorld;
  readonly tokens: VendorTokens;
  /** Another `serve` on the same database, with so many workers. */
  startWorkers(workers: number): Promise<ServerProcess>;
  close(): Promise<void>;
}

/**
 * @param nodeArgs of the proxy's process, such as `--cpu-prof`
 */
export async function startScene(nodeArgs: readonly string[] = []): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const each of closing.toReversed()) await each();
  };
  const started = (server: ServerProcess): ServerProcess => {
    closing.push(() => server.stop());
    return server;
  };
  try {
    await buildProxy();
    const database = await startDurableMariadb();
    closing.push(() => database.close());
    const empty = await benchDatabase(database.url);
    await empty.destroy();
    const world = await seedWorld(new URL('/bench', database.url).href);
    closing.push(() => world.db.destroy());
    const tokens = await VendorTokens.in(world);

    const stubPort = await freePort();
    const issuer = `http://localhost:${stubPort}`;
    const answers = join(folder, 'answers');
    await writeUpstreamAnswers(answers, issuer, (user) => nonceOf(world, user));
    const stub = started(await startScript('stub', { port: stubPort, answers }, METADATA));

    const bareSettings = { port: await freePort(), target: `http://127.0.0.1:${stubPort}` };
    const bare = started(await startScript('bare', bareSettings, METADATA));
    const nginx = await startNginx(folder, await freePort(), stubPort);
    if (nginx !== undefined) started(nginx);

    const ownFile = join(folder, 'own-tokens');
    const ownSettings = { port: await freePort(), users: LOCAL_SUBJECTS, scope: SCOPE };
    const ownProvider = started(
      await startScript(
        'own-provider',
        { ...ownSettings, secret: CLIENT_SECRET, tokens: ownFile },
        METADATA,
      ),
    );
    const ownTokens = JSON.parse(await readFile(ownFile, 'utf8')) as Scene['ownTokens'];
    const logFile = join(folder, 'proxy.log');
    const proxy = started(await startProxy(world, issuer, { nodeArgs, logFile }));
    const startWorkers = async (workers: number): Promise<ServerProcess> =>
      started(await startProxy(world, issuer, { workers, logFile }));
    return {
      ...{ stub, bare, nginx, ownProvider, ownTokens, proxy, world, tokens },
      ...{ startWorkers, close },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const METADATA = '/.well-known/openid-configuration';

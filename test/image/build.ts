import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { readDockerfile, valuesOf } from './dockerfile.ts';
import type { Stage } from './dockerfile.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** What the steps of the Dockerfile leave of its last stage. */
export interface BuiltImage {
  /** The folder that stands for `/app`. */
  readonly app: string;
  readonly stage: Stage;
  readonly bases: readonly string[];
  /** The `ENV` of the last stage. */
  readonly env: Readonly<Record<string, string>>;
  /** Calls of chown, which need a user that only the image has. */
  readonly ownerships: readonly string[];
}

/** Carries out every stage in an empty folder of its own below `folder`, as an engine would. */
export async function buildImage(folder: string): Promise<BuiltImage> {
  const stages = readDockerfile(await readFile(join(CHECKOUT, 'Dockerfile'), 'utf8'));
  const path = await toolsOf(folder);
  for (const [index, stage] of stages.entries()) {
    const app = appOf(folder, stages, String(index));
    await mkdir(app, { recursive: true });
    for (const { name, value } of stage.instructions) {
      if (name === 'COPY') await copy(value, app, (from) => appOf(folder, stages, from));
      if (name === 'RUN') await run(value, app, path);
    }
  }
  const stage = stages.at(-1);
  if (stage === undefined) throw new Error('The Dockerfile has no stage.');
  return {
    stage,
    app: appOf(folder, stages, String(stages.length - 1)),
    bases: stages.map(({ base }) => base),
    env: Object.fromEntries(valuesOf(stage, 'ENV').map((pair) => pair.split('=', 2))),
    ownerships: (await readFile(join(folder, 'chown.log'), 'utf8')).split('\n').filter(Boolean),
  };
}

function appOf(folder: string, stages: readonly Stage[], stage: string): string {
  const index = stages.findIndex(({ name }, position) => [name, String(position)].includes(stage));
  if (index === -1) throw new Error(`There is no stage ${stage}.`);
  return join(folder, `stage-${index}`, 'app');
}

async function copy(value: string, app: string, appOfStage: (name: string) => string) {
  const words = value.split(/\s+/);
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop() ?? '';
  for (const word of words) {
    const source =
      from === undefined ? join(CHECKOUT, word) : join(appOfStage(from), word.replace('/app', '.'));
    const into = target.endsWith('/') ? join(app, target, basename(word)) : resolve(app, target);
    await mkdir(dirname(into), { recursive: true });
    await cp(source, into, { recursive: true, verbatimSymlinks: true });
  }
}

async function run(command: string, cwd: string, path: string): Promise<void> {
  await promisify(execFile)('/bin/sh', ['-c', command], {
    cwd,
    env: { PATH: path, HOME: process.env['HOME'] ?? cwd, npm_config_prefer_offline: 'true' },
  });
}

/** A PATH with the base image's Node first, and a chown that only takes note. */
async function toolsOf(folder: string): Promise<string> {
  const tools = join(folder, 'tools');
  await mkdir(tools, { recursive: true });
  await writeFile(join(folder, 'chown.log'), '');
  await writeFile(join(tools, 'chown'), `#!/bin/sh\necho "$@" >>'${join(folder, 'chown.log')}'\n`);
  await chmod(join(tools, 'chown'), 0o755);
  return [tools, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
}

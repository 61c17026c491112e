import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { scratchFolder } from '../../support/scratch.ts';
import type { LoadGenerator, LoadPlan, LoadResult } from './load.ts';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** Loads by the program `wrk` at this path, in one thread of its own. */
export function loadByWrk(wrk: string): LoadGenerator {
  return async (plan) => {
    const folder = await scratchFolder('wrk-');
    try {
      await describe(folder, plan);
      const args = ['-t1', `-c${plan.connections}`, `-d${plan.seconds}s`, '--timeout', '10s'];
      await promisify(execFile)(wrk, [...args, '-s', SCRIPT, plan.url], {
        env: { LOAD_FOLDER: folder },
      });
      return JSON.parse(await readFile(join(folder, 'result'), 'utf8')) as LoadResult;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

/** What the script reads: lines, since Lua has no JSON. */
async function describe(folder: string, plan: LoadPlan): Promise<void> {
  const { method, url, headers, varies = '', values = [''] } = plan;
  const { pathname, search } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const plain = [method, pathname + search, varies, ...lines];
  await writeFile(join(folder, 'plan'), `${plain.join('\n')}\n`);
  await writeFile(join(folder, 'values'), `${values.join('\n')}\n`);
}

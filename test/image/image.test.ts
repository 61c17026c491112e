import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { scratchFolder } from '../support/scratch.ts';
import { buildImage } from './build.ts';
import type { BuiltImage } from './build.ts';
import { valuesOf } from './dockerfile.ts';

let folder: string;
let image: BuiltImage;

beforeAll(async () => {
  folder = await scratchFolder('image-');
  image = await buildImage(folder);
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** An exec form of the last stage as a command line of this machine. */
function commandOf(exec: string, ...more: readonly string[]): [string, string[]] {
  const [program, ...args] = JSON.parse(exec) as string[];
  expect(program).toBe('node');
  return [process.execPath, [...args.map((one) => one.replace(/^\/app/, image.app)), ...more]];
}

function entrypoint(...args: readonly string[]): [string, string[]] {
  return commandOf(valuesOf(image.stage, 'ENTRYPOINT')[0] ?? '[]', ...args);
}

const inImage = (env: Record<string, string> = {}) => ({
  cwd: image.app,
  env: { ...image.env, ...env },
});

test('every stage is a slim Node 24', () => {
  expect(new Set(image.bases)).toEqual(new Set(['node:24-slim']));
});

test('the process is not root, and owns no folder but the one of its data', () => {
  expect(valuesOf(image.stage, 'USER')).toEqual(['node']);
  expect(image.ownerships).toEqual(['node:node data']);
});

test('both listeners are reachable from outside the container', () => {
  expect(image.env).toMatchObject({ PUBLIC_LISTEN: '0.0.0.0:8080', ADMIN_LISTEN: '0.0.0.0:8081' });
});

test('holds compiled code and production modules, and neither sources nor a second Node', async () => {
  expect((await readdir(image.app)).toSorted()).toEqual(
    ['LICENSE', 'bin', 'data', 'dist', 'node_modules', 'package.json'].toSorted(),
  );
  for (const absent of ['node', 'typescript', 'vitest', '.bin/node']) {
    await expect(access(join(image.app, 'node_modules', absent))).rejects.toThrow('ENOENT');
  }
});

test('tells its commands', async () => {
  const { stdout } = await promisify(execFile)(...entrypoint('--help'), inImage());
  expect(stdout).toContain('migrate');
});

test('serves, is healthy while it does, and unhealthy afterwards', async () => {
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const settings = inImage({
    PUBLIC_LISTEN: `127.0.0.1:${publicPort}`,
    ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    ISSUER: `http://localhost:${publicPort}`,
    UPSTREAM_ISSUER: 'http://localhost:9',
  });
  await promisify(execFile)(...entrypoint('migrate', 'up'), settings);

  const [, check = ''] = (valuesOf(image.stage, 'HEALTHCHECK')[0] ?? '').split(' CMD ');
  const healthy = async (): Promise<boolean> => {
    const [code] = (await once(spawn(...commandOf(check), settings), 'close')) as [number];
    return code === 0;
  };
  const command = JSON.parse(valuesOf(image.stage, 'CMD')[0] ?? '[]') as string[];
  const proxy = spawn(...entrypoint(...command), { ...settings, stdio: 'ignore' });
  const ended = once(proxy, 'close') as Promise<[number]>;
  try {
    while (!(await healthy())) {
      if (proxy.exitCode !== null) throw new Error(`serve ended with ${proxy.exitCode}`);
      await sleep(100);
    }
    const keys = await fetch(`http://127.0.0.1:${publicPort}/oidc/jwks`);
    expect(await keys.json()).toHaveProperty('keys');
    // The dashboard finds its pages and what they load in what the image holds.
    const login = await fetch(`http://127.0.0.1:${adminPort}/`);
    expect(await login.text()).toContain('<h1>Log in</h1>');
    for (const asset of ['dashboard.css', 'htmx.js', 'icon.svg']) {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/assets/${asset}`);
      expect([asset, answer.status]).toEqual([asset, 200]);
    }
  } finally {
    proxy.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
  expect(await healthy()).toBe(false);
});

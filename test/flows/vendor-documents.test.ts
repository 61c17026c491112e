import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import { rotate } from '../support/events.ts';
import { mappingToken } from '../support/mapping.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';
import { read, ROOT } from '../unit/docs/documents.ts';

/*
 * The programs of docs/vendors.md, word for word, each in a process of its own
 * with the environment that the page names.
 */

const VENDORS = [
  ['openid-client', 'acme'],
  ['express-openid-connect', 'bolt'],
  ['passport-openidconnect', 'cosy'],
] as const;

let world: World;
let folder: string;
const running: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const client = { release_claims: ['name'], migration: { mode: 'switch' } };
  world = await createWorld(
    VENDORS.map(([, id]) => ({
      id,
      client: { ...client, sector: id, events: { delivery: 'poll' } },
    })),
  );
  // The vendors under test take their places.
  for (const [, id] of VENDORS) await world.vendor(id).close();
  folder = await mkdtemp(join(tmpdir(), 'vendor-documents-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(async () => {
  for (const end of running) await end();
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each(VENDORS)('an application on %s', (library, id) => {
  test('logs a user in under one pseudonym, with the claims that are released', async () => {
    const { origin } = new URL(world.vendor(id).redirectUri);
    await serve(library, origin, {
      ...environmentOf(id),
      ...{ BASE_URL: origin, PORT: new URL(origin).port, SESSION_SECRET: 'a'.repeat(32) },
    });
    const seen = await Promise.all(
      [new Browser(), new Browser()].map(async (browser) => {
        const { body } = await browser.loginInto(`${origin}/login`, { username: 'alice' });
        return JSON.parse(body) as unknown;
      }),
    );
    expect(seen[0]).toEqual({
      sub: expect.stringMatching(/^[a-z2-7]{52}$/),
      name: 'Alicia Archer',
    });
    expect(seen[1]).toEqual(seen[0]);
  });
});

test('a vendor gets the new subjects of its users beforehand, and of nobody else', async () => {
  const { proxy } = world;
  const enter = async (phase: 'shadow' | 'pairwise') => {
    await rolloutSet(proxy.rollout, { clientId: 'cosy-web', phase, actor: 'test' });
    await proxy.application.registry.refresh();
  };
  await enter('shadow');
  expect(await subjectAt('cosy')).toBe('alice');
  const token = await mappingToken(proxy, 'cosy-web');
  const environment = { ISSUER: proxy.issuer, MAPPING_TOKEN: token };
  const printed = await run('Asking for the new subjects', environment, 'bob\nalice\n');
  await enter('pairwise');
  expect(printed).toBe(`alice,${await subjectAt('cosy')}\n`);
});

test('a vendor learns which subject took the place of which, once', async () => {
  const sub = await subjectAt('acme');
  const { newSub } = await rotate(world.proxy, 'acme', 'alice');
  const told = await run('Being told of later changes', environmentOf('acme'));
  expect(told).toBe(`${sub},${newSub}\n`);
  expect(await run('Being told of later changes', environmentOf('acme'))).toBe('');
});

async function subjectAt(id: string): Promise<string> {
  const { origin } = new URL(world.vendor(id).redirectUri);
  const { body } = await new Browser().loginInto(`${origin}/login`, { username: 'alice' });
  return (JSON.parse(body) as { sub: string }).sub;
}

function environmentOf(id: string): Readonly<Record<string, string>> {
  return {
    ISSUER: world.proxy.issuer,
    CLIENT_ID: `${id}-web`,
    CLIENT_SECRET: vendorSecret(id),
  };
}

/** The program under a heading of the page, as a file. */
async function programUnder(heading: string): Promise<string> {
  const section = read('docs/vendors.md').split(`\n### ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const [, program = ''] = /^```js\n([^]*?)^```/m.exec(section) ?? [];
  const file = join(folder, `${heading.replaceAll(/\W/g, '-')}.mjs`);
  await writeFile(file, program);
  return file;
}

async function run(heading: string, env: Readonly<Record<string, string>>, input = '') {
  const child = spawn(process.execPath, [await programUnder(heading)], { env: { ...env } });
  child.stdin.end(input);
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect(code, complaints).toBe(0);
  return printed;
}

/** Runs an application until the end of the tests; yields once it listens. */
async function serve(heading: string, origin: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [await programUnder(heading)], { env: { ...env } });
  const complaints = text(child.stderr);
  const ended = once(child, 'close');
  running.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const listens = () =>
    fetch(origin, { redirect: 'manual' }).then(
      () => true,
      () => false,
    );
  while (!(await listens())) {
    if (child.exitCode !== null) throw new Error(await complaints);
  }
}

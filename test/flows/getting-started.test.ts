import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { Browser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { openShell } from '../support/shell.ts';
import type { Shell } from '../support/shell.ts';
import { scratchFolder } from '../support/scratch.ts';
import { read, ROOT } from '../unit/docs/documents.ts';
import { isPrinted, stepsIn } from '../unit/docs/steps.ts';

/*
 * A newcomer who follows docs/getting-started.md to the letter: each command is
 * run as it stands there, in one shell, and each thing to be done in a browser is
 * done in one. Only the ports are others, and npx itself, which takes longer than
 * what it starts, is left out of `npx pairwise-proxy`.
 */

const PORTS = ['8080', '8081', '9000', '9001'];
const PSEUDONYM = /^[a-z2-7]{52}$/;
/** The parts of a checkout in which `npm ci` has run. */
const CHECKOUT = ['package.json', 'node_modules', 'bin', 'src', 'migrations', 'demo', 'test'];
const NPX = '#!/bin/sh\nshift\nexec node bin/pairwise-proxy.mjs "$@"\n';

let folder: string;
let shell: Shell;
beforeAll(async () => {
  folder = await scratchFolder('getting-started-');
  for (const part of CHECKOUT) await symlink(join(ROOT, part), join(folder, part));
  await mkdir(join(folder, 'programs'));
  await writeFile(join(folder, 'programs', 'npx'), NPX, { mode: 0o755 });
  const programs = [join(folder, 'programs'), join(ROOT, 'node_modules', '.bin')];
  shell = openShell(folder, {
    PATH: [...programs, process.env['PATH']].join(':'),
    HOME: folder,
    USER: 'newcomer',
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  });
});
afterAll(async () => {
  await shell.close();
  await rm(folder, { recursive: true, force: true });
});

test('docs/getting-started.md leads from nothing to pairwise subjects and back', async () => {
  const page = await withOtherPorts(read('docs/getting-started.md'));
  const loginUrl = /`(http\S+\/login)`/.exec(page)?.[1] ?? '';
  const people = new Map<string, Browser>();
  const pseudonyms = new Map<string, string>();
  const seen: string[] = [];

  const logIn = async (user: string, expected: string): Promise<void> => {
    const browser = people.get(user) ?? new Browser();
    people.set(user, browser);
    const isExpected = expected === 'a pseudonym' ? PSEUDONYM : new RegExp(`^${expected}$`);
    // A change is in force within 5 seconds: who was too quick logs in again.
    const sub = await repeated(
      () => logInto(loginUrl, browser, user),
      (found) => isExpected.test(found),
    );
    expect(sub, user).toMatch(isExpected);
    if (expected !== 'a pseudonym') return;
    expect(sub).toBe(pseudonyms.get(user) ?? sub);
    pseudonyms.set(user, sub);
  };

  let before: (() => Promise<void>) | undefined;
  for (const step of stepsIn(page)) {
    if (step.kind === 'deed') {
      const deed = /og in as `(\w+)`.*you are (?:`(\w+)`|(a pseudonym))/.exec(step.text);
      if (deed === null) continue;
      const [, user = '', asBefore, expected = asBefore ?? ''] = deed;
      before = () => logIn(user, expected);
      await before();
      seen.push(`${user}: ${expected}`);
      continue;
    }
    const { output, code } = await repeated(
      () => shell.run(step.text),
      ({ output }) =>
        step.kind === 'script' || before === undefined || isPrinted(step.prints, output),
      before,
    );
    expect(code, `${step.text}\n${output}`).toBe(0);
    if (step.kind === 'command' && !isPrinted(step.prints, output)) {
      expect(output, step.text).toBe(step.prints);
    }
    before = undefined;
  }
  expect(seen).toEqual([
    'alice: alice',
    'bob: bob',
    'alice: alice',
    'alice: a pseudonym',
    'bob: bob',
    'bob: a pseudonym',
    'bob: bob',
    'alice: alice',
  ]);
  expect(new Set(pseudonyms.values()).size).toBe(2);
}, 300_000);

/** Does something until it comes out right, for as long as a patient person would; yields the last. */
async function repeated<T>(
  act: () => Promise<T>,
  isRight: (outcome: T) => boolean,
  again?: () => Promise<unknown>,
): Promise<T> {
  const end = Date.now() + 60_000;
  let outcome = await act();
  while (!isRight(outcome) && Date.now() < end) {
    await sleep(200);
    await again?.();
    outcome = await act();
  }
  return outcome;
}

/** What the vendor calls whoever logs in now; a page of words where that fails. */
async function logInto(loginUrl: string, browser: Browser, username: string): Promise<string> {
  const { body, status } = await browser
    .loginInto(loginUrl, { username })
    .catch((error: unknown) => ({ body: String(error), status: 0 }));
  return /<code id="sub">([^<]*)</.exec(body)?.[1] ?? `${status} ${body}`;
}

async function withOtherPorts(page: string): Promise<string> {
  const others = new Map<string, string>();
  for (const port of PORTS) others.set(port, String(await freePort()));
  return page.replaceAll(/(?<=:)\d{4}\b/g, (port) => others.get(port) ?? port);
}

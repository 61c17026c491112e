import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { scratchFolder } from '../../support/scratch.ts';

const INSTALLER = fileURLToPath(new URL('../../support/install-package.sh', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await scratchFolder('install-');
  await mkdir(join(folder, 'bin'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An apt-get that notes its arguments and what the policy says, and then "installs" a server. */
const APT_GET = `#!/bin/sh
echo "$1" >>calls
if [ "$1" = install ]; then
  ./policy mariadb start
  echo "policy $?" >>calls
  sleep 0.3
  printf '#!/bin/sh\\n' >bin/mariadbd
  chmod 755 bin/mariadbd
fi
`;

async function script(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
  await chmod(join(folder, name), 0o755);
}

async function install(): Promise<void> {
  await promisify(execFile)(INSTALLER, ['mariadb-server', 'mariadbd'], {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      ...{ POLICY_FILE: './policy', LOCK_FOLDER: folder, SERVER_FOLDER: join(folder, 'bin') },
    },
  });
}

const calls = async (): Promise<string[]> =>
  (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');

test('lets no service start, and leaves no policy behind where there was none', async () => {
  await script('bin/apt-get', APT_GET);
  await install();
  expect(await calls()).toEqual(['update', 'install', 'policy 101']);
  expect(await readdir(folder)).not.toContain('policy');
});

test('puts a permissive policy back as it was', async () => {
  const permissive = '#!/bin/sh\nexit 0\n';
  await script('bin/apt-get', APT_GET);
  await script('policy', permissive);
  await install();
  expect(await calls()).toContain('policy 101');
  expect(await readFile(join(folder, 'policy'), 'utf8')).toBe(permissive);
});

test('does not touch a policy that forbids already', async () => {
  const strict = '#!/bin/sh\n# ours\nexit 101\n';
  await script('bin/apt-get', `${APT_GET}\ncp policy seen\n`);
  await script('policy', strict);
  await install();
  expect(await readFile(join(folder, 'seen'), 'utf8')).toBe(strict);
});

test('puts the policy back when apt-get fails, and fails too', async () => {
  await script('bin/apt-get', '#!/bin/sh\n[ "$1" = update ]\n');
  await expect(install()).rejects.toThrow('Command failed');
  expect(await readdir(folder)).not.toContain('policy');
});

test('installs once where two runs begin at the same moment', async () => {
  await script('bin/apt-get', APT_GET);
  await Promise.all([install(), install()]);
  expect((await calls()).filter((call) => call === 'install')).toHaveLength(1);
});

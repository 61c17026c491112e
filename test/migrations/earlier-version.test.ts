import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { compose } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { migrateUp, schemaState } from '../../src/database/migrations.ts';
import { Browser } from '../support/browser.ts';
import { member, VendorByHand } from '../support/by-hand.ts';
import { emptyDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { listen } from '../support/listen.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { ProxyProcess } from '../support/serve-process.ts';
import { startProcess } from '../support/serve-process.ts';
import type { Upstream } from '../support/upstream/start.ts';
import { startUpstream } from '../support/upstream/start.ts';
import { listeningLogger } from '../unit/vendors/support.ts';

/*
 * An upgrade as docs/upgrade.md has it: the schema goes first, while replicas of the earlier
 * version go on; then replicas of both serve the same users. The earlier version is a commit of
 * this repository: raise it with each release, to the release before.
 */

const EARLIER = '78beea615bd477f95a4b04e5a62990bdeafcd972';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REDIRECT_URI = 'http://127.0.0.1:1/callback';
const SECRET = 'acme-secret-0123456789-0123456789';
const UPSTREAM_SECRET = 'upstream-secret-0123456789-0123456789';

const hasHistory =
  spawnSync('git', ['cat-file', '-e', `${EARLIER}^{tree}`], { cwd: ROOT }).status === 0;

let upstream: Upstream;
let database: TestDatabase;
let folder: string;
const running: ProxyProcess[] = [];
beforeAll(async () => {
  upstream = await startUpstream({
    clients: [
      { client_id: 'legacy', client_secret: UPSTREAM_SECRET, redirect_uris: [REDIRECT_URI] },
    ],
  });
  database = await emptyDatabase('mysql');
  folder = await scratchFolder('earlier-');
});
afterAll(async () => {
  for (const started of running) {
    started.signal('SIGKILL');
    await started.ended;
  }
  await upstream.close();
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** What an operator does with the earlier version, in one process: it starts but once. */
const DAY_ONE = `
import { runCli } from '../src/cli/program.ts';
import { serve } from '../src/serve.ts';

const { argv: [, , file], env: environment, stdin, stdout, stderr } = process;
for (const argv of [['migrate', 'up'], ['apply', '-f', file], ['serve']]) {
  process.exitCode = await runCli({ argv, environment, stdin, stdout, stderr, serve });
  if (process.exitCode !== 0) break;
}
`;

/** The earlier version, beside the packages of this one. */
async function earlierProgram(): Promise<string> {
  const archive = join(folder, 'earlier.tar');
  const run = promisify(execFile);
  const paths = ['src', 'migrations', 'package.json'];
  await run('git', ['archive', `--output=${archive}`, EARLIER, ...paths], { cwd: ROOT });
  await run('tar', ['-xf', archive, '-C', folder]);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const program = join(folder, 'bin', 'day-one.mjs');
  await mkdir(join(folder, 'bin'));
  await writeFile(program, DAY_ONE);
  return program;
}

it.skipIf(!hasHistory)(
  'an earlier version serves on while the schema is brought up to date, and beside this one',
  async () => {
    const earlier = await earlierProgram();
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const { location } = database;
    const environment = {
      ISSUER: issuer,
      PUBLIC_LISTEN: `127.0.0.1:${port}`,
      ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
      UPSTREAM_ISSUER: upstream.issuer,
      DATABASE_URL: location.dialect === 'mysql' ? location.url : '',
      MASTER_KEY: randomBytes(32).toString('base64url'),
      PAIRWISE_SALT: randomBytes(32).toString('base64url'),
    };
    const file = join(folder, 'acme.yaml');
    await writeFile(
      file,
      `vendors: [{id: acme, name: Acme, clients: [{client_id: acme-web, client_secret: ${SECRET},
        upstream: {client_id: legacy, client_secret: ${UPSTREAM_SECRET}},
        redirect_uris: ['${REDIRECT_URI}'], phase: pairwise}]}]`,
    );
    const old = startProcess([file], environment, earlier);
    running.push(old);
    await old.logged((line) => line['msg'] === 'listening');
    const acme = new VendorByHand({
      ...{ issuer, clientId: 'acme-web', redirectUri: REDIRECT_URI, secret: SECRET },
    });
    const subjectIn = (answer: Awaited<ReturnType<typeof acme.redeem>>): string => {
      expect(answer.status, answer.body).toBe(200);
      return String(decodeJwt(member(answer, 'id_token')).sub);
    };
    const logIn = async (user: string) => acme.redeem(await acme.begin(new Browser(), user));
    const alice = subjectIn(await logIn('alice'));
    expect(alice).toMatch(/^[a-z2-7]{52}$/);

    expect(await schemaState(database.db)).not.toBe('current');
    await migrateUp(database.db);
    expect(await schemaState(database.db)).toBe('current');
    // A user whom it knows, one whom it does not, and a code that it gave before.
    const begun = await acme.begin(new Browser(), 'alice');
    expect(subjectIn(await logIn('alice'))).toBe(alice);
    const bob = subjectIn(await logIn('bob'));
    expect(bob).not.toBe(alice);

    const config = loadConfig(environment);
    const { log, lines } = listeningLogger();
    const application = await compose({ config, clock: () => new Date(), log });
    await application.upstream.recheck();
    const current = await listen(application.publicApp);
    const at = { issuer: `http://localhost:${current.port}` };
    const crossed = await acme.redeem(begun, {}, at);
    expect(subjectIn(crossed)).toBe(alice);
    expect((await acme.redeem(begun)).status, 'a code is good once, at either').toBe(400);
    const refreshed = await acme.refresh(member(crossed, 'refresh_token'));
    expect(subjectIn(refreshed)).toBe(alice);
    expect((await acme.userinfo(member(refreshed, 'access_token'), at.issuer)).status).toBe(200);
    await current.close();
    await application.close();
    old.signal('SIGTERM');
    expect(await old.ended).toMatchObject({ code: 0 });
    expect(old.log().filter(({ level }) => level === 'error')).toEqual([]);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  },
  120_000,
);

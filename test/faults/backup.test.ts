import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';

import { expect, it, onTestFinished } from 'vitest';

import { AuditRecorder } from '../../src/audit/recorder.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { text } from '../../src/database/bytes.ts';
import { describeOnEachDialect } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { findProgram } from '../support/programs.ts';
import { scratchFolder } from '../support/scratch.ts';
import { environmentOn, run } from '../unit/cli/command-line.ts';
import { clientIn, MASTER_KEY, NOW, startReplica } from '../unit/subjects/replica.ts';
import { listeningLogger } from '../unit/vendors/support.ts';

/*
 * What docs/backup.md says, with the commands as they stand there: a copy is taken while users
 * log in, and restored elsewhere. Pseudonyms are random here, so that nothing but the copy knows them.
 */

const document = readFileSync(new URL('../../docs/backup.md', import.meta.url), 'utf8');
const USERS_BEFORE = 40;

const named = (pattern: RegExp): string => {
  const found = pattern.exec(document)?.[1];
  if (found === undefined) throw new Error(`docs/backup.md has no ${String(pattern)}`);
  return found;
};

describeOnEachDialect('a copy that is taken while users log in', (open) => {
  it('restores every pseudonym elsewhere, with the key that it was made with alone', async () => {
    const original = await open.fresh();
    const recorder = new AuditRecorder({
      ...{ db: original.connect(), clock: () => NOW, log: listeningLogger().log },
    });
    const replica = await startReplica(original, { algorithm: 'random', witness: recorder });
    const acme = replica.register(clientIn('acme.example'));
    const given = new Map<string, string>();
    const logIn = async (user: string): Promise<void> => {
      given.set(user, await replica.subjectOf(acme, user));
    };
    for (let user = 0; user < USERS_BEFORE; user += 1) await logIn(`user-${user}`);
    const before = new Map(given);
    let isTaken = false;
    const load = (async () => {
      for (let user = USERS_BEFORE; !isTaken; user += 1) {
        await logIn(`user-${user}`);
        await recorder.flush();
        // On SQLite nothing of this waits for anything outside this process.
        await setImmediate();
      }
    })();
    const elsewhere = await open.empty();
    const restore = await copyOf(original).finally(() => {
      isTaken = true;
    });
    await load;
    expect(given.size).toBeGreaterThan(before.size);
    const restored = await restore(elsewhere);

    const other = await startReplica(restored, { algorithm: 'random' });
    other.register(acme);
    for (const [user, sub] of before) expect(await other.subjectOf(acme, user)).toBe(sub);
    const rows = await other.db('pseudonyms').select<{ sub: Buffer }[]>('sub');
    const subs = new Set(given.values());
    expect(rows.filter(({ sub }) => !subs.has(text(sub)))).toEqual([]);
    expect(await verifyAudit(other.db)).toMatchObject({ intact: true, damages: [] });

    const asked = (masterKey: Buffer) => {
      const key = { MASTER_KEY: masterKey.toString('base64url') };
      return run(environmentOn(restored.location, key), ['client', 'list']);
    };
    expect(await asked(MASTER_KEY)).toMatchObject({ exit: 0 });
    const refused = await asked(randomBytes(32));
    expect([refused.exit, refused.stdout]).toEqual([2, '']);
    for (const line of refused.stderr.trimEnd().split('\n')) expect(document).toContain(line);
  });
});

/** Takes a copy as the document says; returns how it is restored into a database. */
async function copyOf(
  original: TestDatabase,
): Promise<(into: TestDatabase) => Promise<TestDatabase>> {
  const folder = await scratchFolder('backup-');
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { location } = original;
  if (location.dialect === 'sqlite') {
    const copy = join(folder, 'copy.sqlite');
    const sql = named(/sqlite3 \S+ "(VACUUM INTO) '/);
    // Another process, as sqlite3 is one.
    const program = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])`;
    await execute(process.execPath, ['-e', program, location.file, `${sql} '${copy}'`]);
    return async (into) => {
      if (into.location.dialect === 'sqlite') {
        await writeFile(into.location.file, await readFile(copy));
      }
      return into;
    };
  }
  const options = named(/^mariadb-dump (.+) pairwise > pairwise\.sql$/m).split(' ');
  const dump = await program('mariadb-dump', 'mysqldump');
  const { stdout } = await execute(dump, [...options, ...serverOf(location.url)], location.url);
  return async (into) => {
    if (into.location.dialect !== 'mysql') return into;
    const client = await program('mariadb', 'mysql');
    const restoring = execute(client, serverOf(into.location.url), into.location.url);
    restoring.child.stdin?.end(stdout);
    await restoring;
    return into;
  };
}

const execFileToEnd = promisify(execFile);

function execute(file: string, args: readonly string[], url?: string) {
  const password = url === undefined ? '' : decodeURIComponent(new URL(url).password);
  return execFileToEnd(file, args, {
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, MYSQL_PWD: password },
  });
}

/** Of whoever restores: not the server's defaults, and the database of the address. */
function serverOf(address: string): readonly string[] {
  const { hostname, port, username, pathname } = new URL(address);
  return [`--host=${hostname}`, `--port=${port}`, `--user=${username}`, pathname.slice(1)];
}

async function program(...names: readonly string[]): Promise<string> {
  for (const name of names) {
    const found = await findProgram(name);
    if (found !== undefined) return found;
  }
  throw new Error(`None of ${names.join(', ')} is installed; Debian's mariadb-client has them.`);
}

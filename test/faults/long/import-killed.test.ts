import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeOnEachDialect } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { startProcess } from '../../support/serve-process.ts';

const USERS = 12_000;
const BATCH = 1000;

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await scratchFolder('import-');
  file = join(folder, 'users.csv');
  const users = Array.from({ length: USERS }, (_, index) => `user-${index}\n`);
  await writeFile(file, `local_subject\n${users.join('')}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeOnEachDialect('an import that is killed', (open) => {
  it('has imported whole batches, and is completed by running it again', async () => {
    const database = await open.empty();
    const environment = await prepared(database);
    for (const enough of [1, USERS / 2]) {
      const killed = startProcess(['subject', 'import', '--client', 'acme-web', file], environment);
      while ((await rowsIn(database)) < enough) await sleep(10);
      killed.signal('SIGKILL');
      await killed.ended;
      const standing = await rowsIn(database);
      expect(standing % BATCH).toBe(0);
      expect(await recordedIn(database)).toBe(standing);
    }
    const again = startProcess(['subject', 'import', '--client', 'acme-web', file], environment);
    expect(await again.ended).toMatchObject({ code: 0 });
    expect(await rowsIn(database)).toBe(USERS);
    expect(await recordedIn(database)).toBe(USERS);
  });
});

/** A database with the client `acme-web`, and the environment of commands on it. */
async function prepared({ location }: TestDatabase): Promise<Record<string, string>> {
  const environment = {
    ISSUER: 'http://localhost:8080',
    UPSTREAM_ISSUER: 'http://localhost:9',
    DATABASE_URL: location.dialect === 'sqlite' ? `sqlite:${location.file}` : location.url,
    MASTER_KEY: randomBytes(32).toString('base64url'),
    PAIRWISE_SALT: randomBytes(32).toString('base64url'),
    HOME: folder,
    USER: 'test',
  };
  const entry = join(folder, 'vendors.yaml');
  await writeFile(
    entry,
    `vendors:
  - id: acme
    clients:
      - client_id: acme-web
        client_secret: the-vendors-secret-0123456789
        upstream: { client_id: legacy-acme, client_secret: the-upstreams-secret-0123456789 }
        redirect_uris: [https://acme.example/callback]
`,
  );
  for (const command of [
    ['migrate', 'up'],
    ['apply', '-f', entry],
  ]) {
    expect(await startProcess(command, environment).ended).toMatchObject({ code: 0 });
  }
  return environment;
}

async function rowsIn({ db }: TestDatabase): Promise<number> {
  const [row] = await db('pseudonyms').count({ rows: '*' });
  return Number(row?.['rows']);
}

/** How many users the audit log says were imported. */
async function recordedIn({ db }: TestDatabase): Promise<number> {
  const rows = await db('audit_log')
    .where({ act: 'subjects.imported' })
    .select<{ details: Buffer }[]>('details');
  return rows.reduce((sum, { details }) => {
    return sum + (JSON.parse(String(details)) as { created: number }).created;
  }, 0);
}

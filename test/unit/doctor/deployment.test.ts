import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Finding } from '../../../src/doctor/finding.ts';
import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { listenTls } from '../../support/tls-listen.ts';
import { environmentOn, itemsOf, run } from '../cli/command-line.ts';
import type { Environment, Ran } from '../cli/command-line.ts';

/*
 * What the proxy stands on: the database server as it is really set, and the
 * certificates that are really shown. No upstream is there; that is one finding among them.
 */

const DAY = 86_400_000;
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase('mysql');
});
afterAll(() => database.close());

const doctor = (more: Environment = {}, on = database): Promise<Ran> =>
  run(environmentOn(on.location, { UPSTREAM_ISSUER: NOWHERE, ...more }), ['doctor', '--json']);

function found(ran: Ran, name: string): readonly (readonly [string, string])[] {
  const all = itemsOf(ran) as unknown as readonly Finding[];
  return all
    .filter((finding) => finding.name === name)
    .map(({ level, message }) => [level, message]);
}

describe('the database server', () => {
  test('is described as it is', async () => {
    const ran = await doctor();
    expect(found(ran, 'database_privileges')).toEqual([
      ['ok', expect.stringMatching(/^Its user may read and write all \d\d tables\.$/)],
    ]);
    expect(found(ran, 'database_version')).toEqual([
      ['ok', expect.stringMatching(/^(MariaDB|MySQL) \d+\.\d+/)],
    ]);
    expect(found(ran, 'database_isolation')[0]).toContain('ok');
    expect(found(ran, 'database_collation')[0]).toContain('ok');
    expect(found(ran, 'database_time')).toEqual([
      ['ok', expect.stringMatching(/time zone \(.+\) changes nothing; its clock agrees/)],
    ]);
    expect(found(ran, 'database_transport')[0]?.[0]).toBe('ok');
    const [[setting]] = (await database.db.raw(
      'select @@innodb_flush_log_at_trx_commit as flush',
    )) as [{ flush: number }[]];
    expect(found(ran, 'database_durability')[0]?.[0]).toBe(setting?.flush === 1 ? 'ok' : 'warning');
  });

  test('is told what its user may not do, to the table', async () => {
    const { db } = database;
    const name = new URL(database.location.dialect === 'mysql' ? database.location.url : '')
      .pathname;
    const schema = name.slice(1);
    const user = schema.replace('pairwise_', 'reader_');
    await db.raw(`create user '${user}'@'%' identified by 'reading-only'`);
    try {
      await db.raw(`grant select, insert, update on ${schema}.* to '${user}'@'%'`);
      await db.raw(`grant delete on ${schema}.sessions to '${user}'@'%'`);
      const url = new URL(database.location.dialect === 'mysql' ? database.location.url : '');
      url.username = user;
      url.password = 'reading-only';
      const ran = await doctor({ DATABASE_URL: url.href });
      expect(ran.exit).toBe(5);
      const [privileges] = found(ran, 'database_privileges');
      expect(privileges?.[0]).toBe('problem');
      expect(privileges?.[1]).toMatch(/: delete \(.*pseudonyms.*\)\.$/);
      expect(privileges?.[1]).not.toMatch(/sessions|insert|update \(/);
      expect(ran.stdout).not.toContain('reading-only');
    } finally {
      await db.raw(`drop user '${user}'@'%'`);
    }
  });

  test('is told which columns no longer tell "Bob" from "bob"', async () => {
    const broken = await freshDatabase('mysql');
    await broken.db.raw(
      'alter table vendors modify name varchar(255) character set utf8mb4 collate utf8mb4_general_ci not null',
    );
    const ran = await doctor({}, broken);
    await broken.close();
    expect(found(ran, 'database_collation')).toEqual([
      ['problem', expect.stringContaining('vendors.name (utf8mb4_general_ci)')],
    ]);
  });
});

describe('certificates', () => {
  const answering = (_: unknown, response: { end(): void }): void => response.end();

  test.each([
    ['that holds', { until: new Date(Date.now() + 400 * DAY) }, 'ok', /trusted and valid until/],
    ['that ends soon', { until: new Date(Date.now() + 5.5 * DAY) }, 'warning', /ends in 5 days/],
    ['that nobody trusts', { isTrusted: false }, 'problem', /not trusted: [A-Z_]*SIGNED/],
  ] as const)('one %s', async (_, options, level, said) => {
    const server = await listenTls(answering, options);
    const upstream = `https://localhost:${server.port}`;
    const ran = await doctor({ UPSTREAM_ISSUER: upstream });
    await server.close();
    expect(found(ran, 'tls')).toEqual([[level, expect.stringMatching(said)]]);
    expect(found(ran, 'tls')[0]?.[1]).toContain(`the upstream (localhost:${server.port})`);
  });

  test('that has ended, at our own address', async () => {
    const server = await listenTls(answering, { until: new Date(Date.now() - DAY) });
    const ran = await doctor({ ISSUER: `https://localhost:${server.port}` });
    await server.close();
    expect(found(ran, 'tls')).toEqual([
      ['problem', expect.stringMatching(/^The certificate of ISSUER .*CERT_HAS_EXPIRED/)],
    ]);
    expect(ran.exit).toBe(5);
  });
});

describe('secrets', () => {
  test('that could be guessed are named, and not shown', async () => {
    const sqlite = await freshDatabase('sqlite');
    const weak = { MASTER_KEY: Buffer.alloc(32, 'ab').toString('base64url') };
    const command = (...argv: string[]): Promise<Ran> =>
      run(
        environmentOn(sqlite.location, { ...weak, VENDOR: 'hunter2', UPSTREAM: 'u'.repeat(40) }),
        argv,
      );
    await command('vendor', 'create', 'acme');
    const created = await command(
      ...['client', 'create', 'acme-web', '--vendor', 'acme', '--client-secret-env', 'VENDOR'],
      ...['--redirect-uri', 'https://acme.example/cb', '--upstream-client-id', 'up'],
      ...['--upstream-client-secret-env', 'UPSTREAM'],
    );
    expect(created.exit).toBe(0);
    const ran = await doctor(weak, sqlite);
    await sqlite.close();
    expect(found(ran, 'secrets')).toEqual([['warning', 'MASTER_KEY does not look random.']]);
    expect(found(ran, 'client_secret')).toEqual([
      ['warning', 'The secret of its vendor has 7 characters, and can be guessed.'],
    ]);
    expect(ran.stdout).not.toContain('hunter2');
    expect(found(await doctor(), 'secrets')).toEqual([
      ['ok', 'The keys that are configured look random.'],
    ]);
  });
});

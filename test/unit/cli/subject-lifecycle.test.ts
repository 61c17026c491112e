import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { loadKeyring } from '../../../src/database/keyring.ts';
import { insertPseudonym } from '../../../src/subjects/store.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import type { Ran, Stdin } from './command-line.ts';
import { environmentOn, itemsOf, MASTER_KEY, run } from './command-line.ts';

const SECTOR = 'acme.example';
const SUB = 'pseudonym-of-alice';

const opened: TestDatabase[] = [];
let database: TestDatabase;

const typing = (stdin: Stdin, ...argv: string[]): Promise<Ran> =>
  run(environmentOn(database.location, { VENDOR: 'v', UPSTREAM: 'u' }), argv, stdin);
const command = (...argv: string[]): Promise<Ran> => typing('', ...argv);

beforeEach(async () => {
  database = await freshDatabase('sqlite');
  opened.push(database);
  await command('vendor', 'create', 'acme');
  await command(
    ...['client', 'create', 'acme-web', '--vendor', 'acme'],
    ...['--redirect-uri', 'https://acme.example/callback', '--client-secret-env', 'VENDOR'],
    ...['--upstream-client-id', 'acme-up', '--upstream-client-secret-env', 'UPSTREAM'],
  );
  const keys = { masterKey: MASTER_KEY, masterKeyPrevious: undefined };
  const { storage, index } = await loadKeyring(database.db, keys);
  await inTransaction(database.db, (trx) =>
    insertPseudonym(trx, new AtRest(storage), {
      ...{ sector: SECTOR, generation: 1, sub: SUB, localSubject: 'alice' },
      userIndex: userIndex(index, SECTOR, 'alice'),
      ...{ saltVersion: 1, algorithm: 'hmac-sha256', createdAt: new Date() },
    }),
  );
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

const generations = async (): Promise<number> =>
  (await database.db('pseudonyms').select('generation')).length;

describe.each([
  ['subject erase', ['subject', 'erase', '--user', 'alice']],
  ['subject rotate of a user', ['subject', 'rotate', '--client', 'acme-web', '--user', 'alice']],
  ['subject rotate of a sector', ['subject', 'rotate', '--sector', SECTOR]],
  ['salt rotate', ['salt', 'rotate']],
])('%s', (_name, argv) => {
  const state = async () => [
    await database.db('pseudonyms').select('sub', 'retired_at'),
    await database.db('salts').select('version', 'state'),
    (await database.db('audit_log').select('position')).length,
  ];

  test('asks first: nothing happens without an answer, nor with no', async () => {
    const before = await state();
    const unasked = await command(...argv);
    expect(unasked).toMatchObject({ exit: 2, stdout: '' });
    expect(unasked.stderr).toContain('--yes');
    const declined = await typing({ typed: 'no' }, ...argv);
    expect(declined.exit).not.toBe(0);
    expect(await state()).toEqual(before);
  });

  test('goes on with yes, typed or passed', async () => {
    expect((await typing({ typed: 'y' }, ...argv)).exit).toBe(0);
    expect((await command(...argv, '--yes')).exit).toBe(0);
  });
});

describe('subject rotate', () => {
  test('says what took the place of what, and until when', async () => {
    const argv = ['subject', 'rotate', '--sector', SECTOR, '--user', 'alice', '--grace', '3'];
    const ran = await command(...argv, '--end-sessions', '--yes', '--json');
    expect(ran.json()).toMatchObject({
      ...{ sector: SECTOR, generation: 2, old_sub: SUB, ended_sessions: true },
    });
    const { grace_until: until, new_sub: sub } = ran.json();
    expect(Date.parse(String(until)) - Date.now()).toBeLessThanOrEqual(3 * 24 * 3600 * 1000);
    const text = await command(...argv, '--yes');
    expect(text.stdout).toContain(`took the place of ${String(sub)}`);
    expect(await generations()).toBe(3);
  });

  test.each([
    ['--sector', SECTOR, `sector:${SECTOR}`],
    ['--client', 'acme-web', `sector:${SECTOR}`],
    ['--vendor', 'acme', 'vendor:acme'],
    ['--all', undefined, 'all'],
  ])('%s rotates every user there', async (option, value, scope) => {
    const argv = ['subject', 'rotate', option, ...(value === undefined ? [] : [value]), '--yes'];
    expect((await command(...argv, '--json')).json()).toEqual({
      ...{ scope, rotated: 1, grace_days: 90, ended_sessions: false, resumed: false },
    });
    const text = await command(...argv);
    expect(text.stdout).toBe(`1 pseudonyms of ${scope} rotated, with 90 days of grace\n`);
    expect(text.stderr).toContain('1 of 1');
  });

  test('says that it completed what was interrupted', async () => {
    await database.db('subject_rotations').insert({
      ...{ slot: 1, scope: bytes('all'), holder: bytes('dead'), lease_until: 1, started_at: 1 },
      ...{ grace_days: 7, end_sessions: false, rotated: 0 },
    });
    const other = await command('subject', 'rotate', '--vendor', 'acme', '--yes');
    expect(other.exit).toBe(4);
    expect(other.stderr).toContain('complete it first');
    const ran = await command('subject', 'rotate', '--all', '--yes');
    expect(ran.stdout).toContain('with 7 days of grace; a rotation that had been interrupted');
  });

  test.each([
    ['no scope', ['--yes'], 2],
    ['a user without a sector', ['--user', 'alice', '--yes'], 2],
    ['a user of a vendor', ['--vendor', 'acme', '--user', 'alice', '--yes'], 2],
    ['days that are none', ['--sector', SECTOR, '--grace', '-1', '--yes'], 2],
    ['a sector that is not there', ['--sector', 'none.example', '--yes'], 1],
    ['a client that is not there', ['--client', 'none', '--yes'], 1],
    ['a user without a pseudonym', ['--sector', SECTOR, '--user', 'bob', '--yes'], 1],
  ])('refuses %s', async (_name, argv, exit) => {
    const ran = await command('subject', 'rotate', ...argv);
    expect(ran).toMatchObject({ exit, stdout: '' });
    expect(ran.stderr).not.toBe('');
    expect(await generations()).toBe(1);
  });
});

describe('subject erase', () => {
  test('says where the audit log proves it, and never whose it was', async () => {
    const argv = ['subject', 'erase', '--user', 'alice', '--yes'];
    const ran = await command(...argv, '--reason', 'request 7', '--json');
    expect(ran.json()).toMatchObject({ erased: true, sectors: 1, pseudonyms: 1, sessions: 0 });
    expect(ran.stdout + ran.stderr).not.toContain('alice');
    const { audit_position: position, erasure } = ran.json();
    const row = await database
      .db('audit_log')
      .where({ position: Number(position) })
      .first<{ target: Buffer; reason: Buffer }>('target', 'reason');
    expect([String(row.target), String(row.reason)]).toEqual([erasure, 'request 7']);
    const again = await command(...argv);
    expect(again).toMatchObject({ exit: 0 });
    expect(again.stdout).toMatch(/^nothing was held on this user; audit log position \d+/);
  });

  test('refuses what no user can be called', async () => {
    expect(await command('subject', 'erase', '--user', '', '--yes')).toMatchObject({ stdout: '' });
    expect((await command('subject', 'erase', '--user', '', '--yes')).exit).not.toBe(0);
  });
});

describe('subject list and subject export', () => {
  test('tell every pseudonym with its vendor, the retired ones too', async () => {
    await command('subject', 'rotate', '--sector', SECTOR, '--user', 'alice', '--yes');
    const ran = await command('subject', 'list', '--user', 'alice', '--json');
    expect(ran.exit).toBe(0);
    expect(itemsOf(ran)).toMatchObject([
      { sector: SECTOR, vendor: 'acme', sub: SUB, generation: 1 },
      { sector: SECTOR, vendor: 'acme', generation: 2, retired_at: null, grace_until: null },
    ]);
    expect((await command('subject', 'list', '--user', 'alice')).stdout).toContain(SUB);
    expect(itemsOf(await command('subject', 'list', '--user', 'bob', '--json'))).toEqual([]);
  });

  test('print all that is held, on one line or for reading', async () => {
    const line = await command('subject', 'export', '--user', 'alice', '--json');
    expect(line.stdout.trim().split('\n')).toHaveLength(1);
    const read = await command('subject', 'export', '--user', 'alice', '--reason', 'asked');
    for (const ran of [line, read]) {
      expect(ran.json()).toMatchObject({
        local_subject: 'alice',
        sectors: [{ sector: SECTOR, vendor: 'acme', pseudonyms: [{ sub: SUB }] }],
      });
    }
    expect(read.stdout.split('\n').length).toBeGreaterThan(2);
  });
});

describe('salt rotate and salt status', () => {
  test('make a version, and say when the one before is destroyed', async () => {
    const ran = await command('salt', 'rotate', '--grace', '5', '--yes', '--json');
    expect(ran.json()).toMatchObject({ version: 2 });
    expect(itemsOf(await command('salt', 'status', '--json'))).toMatchObject([
      {
        ...{ version: 1, state: 'retired', pseudonyms: 1 },
        destroy_after: ran.json()['previous_destroyed_after'],
      },
      { version: 2, state: 'active', pseudonyms: 0, retired_at: null, destroy_after: null },
    ]);
    expect((await command('salt', 'status')).stdout).toMatch(/retired[^]*active/);
    const text = await command('salt', 'rotate', '--yes');
    expect(text.stdout).toMatch(/^version 3 is active; the version before is destroyed after /);
  });

  test('refuse days that are none', async () => {
    expect((await command('salt', 'rotate', '--grace', 'x', '--yes')).exit).toBe(2);
    expect(itemsOf(await command('salt', 'status', '--json'))).toEqual([]);
  });
});

import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { describe, expect, test } from 'vitest';

import { loadConfig } from '../../../src/config/load.ts';
import { environment, key, problemsOf, temporaryFolder, wrongVariables } from './environments.ts';

function fileWith(content: string | Uint8Array): string {
  const file = join(temporaryFolder(), 'secret');
  writeFileSync(file, content);
  return file;
}

describe('a secret from a file', () => {
  test.each(['\n', '\r\n', ''])('is its text without one line end (%j)', (end) => {
    const env = {
      ADMIN_TOKEN_FILE: fileWith(`admin-token${end}`),
      MASTER_KEY: undefined,
      MASTER_KEY_FILE: fileWith(`${key(32, 5)}${end}`),
    };
    const config = loadConfig(environment(env));
    expect(config.adminToken).toBe('admin-token');
    expect(config.secrets.masterKey).toEqual(new Uint8Array(32).fill(5));
  });

  test('keeps all white space but one line end', () => {
    const file = fileWith(' kept \n\n');
    const env = { UPSTREAM_CLIENT_ID: 'proxy', UPSTREAM_CLIENT_SECRET_FILE: file };
    expect(loadConfig(environment(env)).upstream.clientSecret).toBe(' kept \n');
  });

  test('may hold the database URL, which has a password in it', () => {
    const file = fileWith('mysql://app:s3cret@db.example.com/pairwise\n');
    const env = environment({ DATABASE_URL_FILE: file });
    expect(loadConfig(env).database).toMatchObject({ dialect: 'mysql' });
  });

  test('and from the environment at once is a mistake', () => {
    const file = fileWith(key());
    const env = environment({ MASTER_KEY_FILE: file });
    expect(problemsOf(env)).toEqual([
      {
        variable: 'MASTER_KEY',
        problem: 'and MASTER_KEY_FILE are both set',
        hint: 'set only one of them',
      },
    ]);
  });

  test.each([
    ['missing', () => join(temporaryFolder(), 'nowhere'), 'ENOENT'],
    ['a folder', temporaryFolder, 'EISDIR'],
    ['empty', () => fileWith('\n'), 'empty'],
    ['not UTF-8', () => fileWith(new Uint8Array([0xff, 0xfe])), 'not UTF-8'],
  ])('that is %s is a mistake of the _FILE variable', (_what, file, why) => {
    const [problem, ...others] = problemsOf(environment({ ADMIN_TOKEN_FILE: file() }));
    expect(problem?.variable).toBe('ADMIN_TOKEN_FILE');
    expect(problem?.problem).toContain(why);
    expect(others).toEqual([]);
  });

  test('is not repeated in a message, not even when it stands where the path should', () => {
    const env = environment({
      ADMIN_TOKEN_FILE: 's3cret-token',
      MASTER_KEY: 's3cret+key',
      UPSTREAM_CLIENT_ID: 'proxy',
      UPSTREAM_CLIENT_SECRET_FILE: fileWith(''),
      DATABASE_URL: 'mysql://app:s3cret#@db.example.com/pairwise',
    });
    expect(problemsOf(env)).toHaveLength(4);
    expect(JSON.stringify(problemsOf(env))).not.toContain('s3cret');
  });
});

describe('missing root secrets', () => {
  const local = (folder: string) =>
    environment({
      MASTER_KEY: undefined,
      PAIRWISE_SALT: undefined,
      DATABASE_URL: `sqlite:${join(folder, 'data', 'pairwise.sqlite')}`,
    });

  test('are created once beside the database, for this user alone', () => {
    const folder = temporaryFolder();
    const first = loadConfig(local(folder));
    const second = loadConfig(local(folder));
    expect(second.secrets.masterKey).toEqual(first.secrets.masterKey);
    expect(second.secrets.pairwiseSalt).toEqual(first.secrets.pairwiseSalt);
    expect(first.secrets.masterKey).toHaveLength(32);
    expect(first.secrets.masterKey).not.toEqual(first.secrets.pairwiseSalt);
    expect(readdirSync(join(folder, 'data')).toSorted()).toEqual(['master.key', 'pairwise.salt']);
    for (const name of ['master.key', 'pairwise.salt']) {
      expect(statSync(join(folder, 'data', name)).mode & 0o777).toBe(0o600);
    }
  });

  test('are the same for processes that start at once', async () => {
    const env = local(temporaryFolder());
    const module = new URL('../../../src/config/load.ts', import.meta.url).href;
    const script = `
      const { loadConfig } = await import(${JSON.stringify(module)});
      const { masterKey, pairwiseSalt } = loadConfig(JSON.parse(process.argv[1])).secrets;
      console.log(Buffer.from(masterKey).toString('hex'), Buffer.from(pairwiseSalt).toString('hex'));
    `;
    const argv = ['--input-type=module', '--eval', script, '--', JSON.stringify(env)];
    const outputs = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
        const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
        return output;
      }),
    );
    expect(outputs[0]).toMatch(/^[0-9a-f]{64} [0-9a-f]{64}\n$/);
    expect(new Set(outputs).size).toBe(1);
  });

  test('leave one that is configured alone', () => {
    const folder = temporaryFolder();
    const config = loadConfig({ ...local(folder), MASTER_KEY: key(32, 4) });
    expect(config.secrets.masterKey).toEqual(new Uint8Array(32).fill(4));
    expect(readdirSync(join(folder, 'data'))).toEqual(['pairwise.salt']);
  });

  test('are not created while anything else is wrong', () => {
    const folder = temporaryFolder();
    expect(wrongVariables({ ...local(folder), WORKERS: 'many' })).toEqual(['WORKERS']);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('with oidc-sha256 give a salt that is the text of its file', () => {
    const folder = temporaryFolder();
    const config = loadConfig({ ...local(folder), PSEUDONYM_ALGORITHM: 'oidc-sha256' });
    const content = readFileSync(join(folder, 'data', 'pairwise.salt'), 'utf8');
    expect(`${new TextDecoder().decode(config.secrets.pairwiseSalt)}\n`).toBe(content);
  });

  test.each([
    ['an issuer beyond this machine', { ISSUER: 'https://id.example.com' }],
    ['a database server', { DATABASE_URL: 'mysql://app@db.example.com/pairwise' }],
  ])('refuse to start with %s', (_where, change) => {
    const folder = temporaryFolder();
    expect(wrongVariables({ ...local(folder), ...change })).toEqual([
      'MASTER_KEY',
      'PAIRWISE_SALT',
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(['http://127.0.0.2:8080', 'http://[::1]:8080', 'https://localhost'])(
    'are created for the loopback issuer %s',
    (ISSUER) => {
      expect(problemsOf({ ...local(temporaryFolder()), ISSUER })).toEqual([]);
    },
  );

  test('refuse to start when their file was damaged, and leave it as it is', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'master.key'), key().slice(0, 20));
    const [problem] = problemsOf(local(folder));
    expect(problem).toMatchObject({ variable: 'MASTER_KEY' });
    expect(problem?.hint).toContain('backup');
    expect(readFileSync(join(folder, 'data', 'master.key'), 'utf8')).toHaveLength(20);
  });

  test('refuse to start when their folder cannot be written', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'data'), 'a file where the folder should be');
    chmodSync(join(folder, 'data'), 0o400);
    expect(wrongVariables(local(folder))).toEqual(['MASTER_KEY', 'PAIRWISE_SALT']);
  });
});

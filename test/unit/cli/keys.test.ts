import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { environmentOn, itemsOf, MASTER_KEY, run } from './command-line.ts';
import type { Environment, Ran } from './command-line.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64url');

describe('keys commands', () => {
  let database: TestDatabase;

  const command = (argv: readonly string[], more: Environment = {}): Promise<Ran> =>
    run(environmentOn(database.location, more), [...argv, '--json']);

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
  });

  afterAll(() => database.close());

  test('rotate makes the first keys, then publishes the next one of an algorithm', async () => {
    expect((await command(['keys', 'rotate'])).json()).toEqual({ changed: true, next: [] });
    const rotated = await command(['keys', 'rotate', '--alg', 'ES256']);
    expect(rotated.json()).toMatchObject({ next: [{ alg: 'ES256', state: 'next' }] });
    const again = await command(['keys', 'rotate', '--alg', 'ES256']);
    expect(again.json()).toMatchObject({ changed: false, next: [{ alg: 'ES256' }] });
  });

  test('list shows the state of each and from when the next one signs, and no private part', async () => {
    const listed = await command(['keys', 'list']);
    const items = itemsOf(listed);
    expect(items.filter(({ state }) => state === 'active')).toHaveLength(4);
    const next = items.find(({ state }) => state === 'next');
    const wait =
      Date.parse(String(next?.['signs_from'])) - Date.parse(String(next?.['created_at']));
    expect(wait).toBe(600_000);
    expect(listed.stdout).not.toMatch(/"[dpqn]"|privateJwk/);
  });

  test('rotate --master moves the roots to a new MASTER_KEY', async () => {
    const previous = MASTER_KEY.toString('base64url');
    const moved = { MASTER_KEY: key(8), MASTER_KEY_PREVIOUS: previous };
    expect((await command(['keys', 'rotate', '--master'], moved)).json()).toEqual({ rewrapped: 5 });
    expect((await command(['keys', 'rotate', '--master'], moved)).json()).toEqual({ rewrapped: 0 });
    expect((await command(['keys', 'list'], { MASTER_KEY: key(8) })).exit).toBe(0);
    const old = await command(['keys', 'list']);
    expect(old.exit).toBe(2);
    expect(old.json()).toMatchObject({ error: { code: 'secrets' } });
  });

  test.each([
    [['keys', 'rotate', '--alg', 'RS512'], 'Allowed choices are RS256, ES256, PS256, EdDSA'],
    [['keys', 'rotate', '--master', '--alg', 'ES256'], 'cannot be used with'],
  ])('%j ends with 2', async (argv, said) => {
    const ran = await command(argv);
    expect(ran.exit).toBe(2);
    expect(ran.stdout).toContain(said);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { environmentOn, itemsOf, run } from './command-line.ts';
import type { Ran } from './command-line.ts';

describe('rollout commands', () => {
  let database: TestDatabase;

  const command = (...argv: string[]): Promise<Ran> =>
    run(environmentOn(database.location, { VENDOR: 'v-secret', UPSTREAM: 'u-secret' }), argv);

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    await command('vendor', 'create', 'acme');
    for (const id of ['acme-web', 'acme-shop']) {
      await command(
        ...['client', 'create', id, '--vendor', 'acme', '--phase', 'public'],
        ...['--redirect-uri', 'https://acme.example/callback', '--client-secret-env', 'VENDOR'],
        ...['--upstream-client-id', 'acme-up', '--upstream-client-secret-env', 'UPSTREAM'],
      );
    }
  });

  afterAll(() => database.close());

  test('set records a version with who did it and why, and never asks', async () => {
    const set = await command('rollout', 'set', 'acme-web', 'shadow', '--reason', 'T-1', '--json');
    expect(set.exit).toBe(0);
    expect(set.json()).toMatchObject({
      ...{ client_id: 'acme-web', changed: true, version: 2, phase: 'shadow' },
      ...{ actor: 'cli:operator', reason: 'T-1', ended_sessions: false },
    });
  });

  test('set narrows pairwise to a share and to pilot users, and prints none of them', async () => {
    const set = await command(
      ...['rollout', 'set', 'acme-web', 'pairwise', '--percent', '5'],
      ...['--user', 'alice', 'bob', '--json'],
    );
    expect(set.json()).toMatchObject({ phase: 'pairwise', percent: 5, pilot_users: 2 });
    expect(set.stdout + set.stderr).not.toMatch(/alice|bob/);
  });

  test('set of what is in force already changes nothing', async () => {
    await command('rollout', 'set', 'acme-shop', 'public');
    const again = await command('rollout', 'set', 'acme-shop', 'public', '--json');
    expect(again.json()).toMatchObject({ changed: false, version: 1 });
  });

  test('set --end-sessions says that earlier tokens are ended', async () => {
    const ended = await command('rollout', 'set', 'acme-shop', 'shadow', '--end-sessions');
    expect(ended.stdout).toContain('its tokens from before are ended');
  });

  test('status says where one client stands, or all of them', async () => {
    const one = await command('rollout', 'status', 'acme-web', '--json');
    expect(one.json()).toMatchObject({ client_id: 'acme-web', version: 3, previous_version: 2 });
    const all = itemsOf(await command('rollout', 'status', '--json'));
    expect(all.map(({ client_id: id, phase }) => [id, phase])).toEqual([
      ['acme-shop', 'shadow'],
      ['acme-web', 'pairwise'],
    ]);
  });

  test('status of one client shows its next step and what stands before it', async () => {
    const json = (await command('rollout', 'status', 'acme-web', '--json')).json();
    expect(json).toMatchObject({ step: 'percent_5', next_step: 'percent_50', frozen: false });
    expect(json['next_gates']).toContainEqual({
      ...{ name: 'users_mapped', state: 'red', refuses: false },
      message: 'No user has a pseudonym yet.',
    });
    const { stdout } = await command('rollout', 'status', 'acme-web');
    expect(stdout).toContain('pilot_users → [percent_5] → percent_50');
    expect(stdout).toContain('by `rollout set acme-web pairwise --percent 50`');
    expect(stdout).toMatch(/red +users_mapped +No user has a pseudonym yet\.\n/);
  });

  test('set prints the gates as history keeps them, and pilot users stay in unless let go', async () => {
    const grown = await command('rollout', 'set', 'acme-web', 'pairwise', '--percent', '6');
    expect(grown.stdout).toMatch(/6 % and 2 pilot users.*\n +red +shadow_error_rate/);
    const without = await command(
      ...['rollout', 'set', 'acme-web', 'pairwise', '--percent', '5', '--no-user', '--json'],
    );
    expect(without.json()).toMatchObject({ percent: 5, pilot_users: 0, gates: null });
    const [newest, grew] = itemsOf(await command('rollout', 'history', 'acme-web', '--json'));
    expect([newest?.['red_gates'], grew?.['red_gates']]).toEqual([
      [],
      ['shadow_error_rate', 'users_mapped'],
    ]);
    await command('rollout', 'rollback', 'acme-web', '--to', '3');
  });

  test('a freeze refuses the next step with 4 and says why, and no rollback', async () => {
    const frozen = await command('rollout', 'freeze', '--reason', 'outage');
    expect(frozen.stdout).toMatch(/^rollouts are frozen since .* by cli:operator: outage\n$/);
    const further = await command('rollout', 'set', 'acme-web', 'pairwise');
    expect([further.exit, further.stderr]).toEqual([4, expect.stringContaining('outage')]);
    const back = await command('rollout', 'rollback', 'acme-shop', '--json');
    expect(back.json()).toMatchObject({ phase: 'public', changed: true });
    const lifted = await command('rollout', 'freeze', '--lift', '--json');
    expect(lifted.json()).toMatchObject({ frozen: false, changed: true });
    expect((await command('rollout', 'set', 'acme-shop', 'shadow')).exit).toBe(0);
  });

  test('rollback restores the version before; again goes further; --to names one', async () => {
    const once = await command('rollout', 'rollback', 'acme-web', '--json');
    expect(once.json()).toMatchObject({ phase: 'shadow', restores: 2 });
    const twice = await command('rollout', 'rollback', 'acme-web', '--json');
    expect(twice.json()).toMatchObject({ phase: 'public', restores: 1 });
    const none = await command('rollout', 'rollback', 'acme-web', '--json');
    expect(none.exit).toBe(1);
    const named = await command('rollout', 'rollback', 'acme-web', '--to', '3', '--json');
    expect(named.json()).toMatchObject({ phase: 'pairwise', percent: 5, pilot_users: 2 });
  });

  test('history lists every version, newest first', async () => {
    const history = await command('rollout', 'history', 'acme-web', '--json');
    expect(history.json()).toMatchObject({ next: null });
    expect(itemsOf(history).map(({ version }) => version)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  test.each([
    [['rollout', 'set', 'acme-web', 'private'], 2, 'Allowed choices are public, shadow, pairwise'],
    [['rollout', 'set', 'acme-web', 'pairwise', '--percent', 'ten'], 2, 'whole number'],
    [['rollout', 'set', 'acme-web', 'pairwise', '--percent', '101'], 2, 'from 0 to 100'],
    [['rollout', 'set', 'acme-web', 'shadow', '--percent', '5'], 2, 'narrows pairwise'],
    [['rollout', 'set', 'nobody', 'shadow'], 1, 'There is no client'],
    [['rollout', 'rollback', 'acme-web', '--to', '99'], 1, 'has no version 99'],
  ])('%j ends with %d and says what is wrong', async (argv, exit, said) => {
    const ran = await command(...argv, '--json');
    expect(ran.exit).toBe(exit);
    expect(JSON.stringify(ran.json()['error'])).toContain(said);
  });
});

import { beforeAll, expect, test } from 'vitest';

import { giveSubject } from '../vendors/support.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { environmentOn, run } from './command-line.ts';
import type { Environment, Stdin } from './command-line.ts';

const client = (id: string): string => `
      - client_id: ${id}
        client_secret: vendor-${id}
        upstream: { client_id: up-${id}, client_secret: ours-${id} }`;
const DOCUMENT = `
vendors:
  - id: acme
    clients:${client('acme-web')}
        redirect_uris: [https://acme.example/callback]${client('acme-app')}
        redirect_uris: [https://app.example/callback]${client('acme-tv')}
        redirect_uris: [https://app.example/tv]
  - id: bolt
`;

describeOnEachDialect('client transfer', (open) => {
  let environment: Environment;
  const transfer = (argv: readonly string[], stdin?: Stdin) =>
    run(environment, ['client', 'transfer', ...argv], stdin);

  beforeAll(async () => {
    const { db, location } = await open.fresh();
    environment = environmentOn(location);
    expect(await run(environment, ['apply', '-f', '-'], DOCUMENT)).toMatchObject({ exit: 0 });
    await giveSubject(db, 'acme.example', 'alice');
    await giveSubject(db, 'app.example', 'alice');
  });

  test('asks, says whose subject stays, and needs --yes without a terminal', async () => {
    const asked = await transfer(['acme-web', '--to', 'bolt']);
    expect(asked.exit).toBe(2);
    expect(asked.stderr).toContain('Users who keep their subject there: 1.');
    expect(await transfer(['acme-web', '--to', 'bolt'], { typed: 'n' })).toMatchObject({ exit: 1 });
  });

  test('moves the sector along, and refuses the second operator with 4', async () => {
    const moved = await transfer(['acme-web', '--to', 'bolt', '--yes', '--json']);
    expect(moved.exit).toBe(0);
    expect(moved.json()).toEqual({
      ...{ client_id: 'acme-web', from: 'acme', to: 'bolt' },
      ...{ sector: 'acme.example', from_sector: 'acme.example', changed_subjects: 0 },
    });
    const again = await transfer(['acme-web', '--to', 'bolt', '--yes', '--json']);
    expect(again.exit).toBe(4);
    expect(again.json()).toMatchObject({ error: { code: 'conflict' } });
    expect(await transfer(['acme-web', '--to', 'nobody', '--yes'])).toMatchObject({ exit: 1 });
  });

  test('refuses a shared sector with 4, and asks before a new one changes subjects', async () => {
    const shared = await transfer(['acme-app', '--to', 'bolt', '--yes']);
    expect(shared.exit).toBe(4);
    expect(shared.stderr).toContain('the client "acme-tv" is in it too');
    const named = ['acme-app', '--to', 'bolt', '--new-sector', 'bolt-app'];
    const asked = await transfer(named);
    expect(asked.exit).toBe(2);
    expect(asked.stderr).toContain('Users whose subject changes: 1.');
    expect((await transfer([...named.slice(0, -1), 'Not A Sector', '--yes'])).exit).toBe(2);
    const moved = await transfer(named, { typed: 'y' });
    expect(moved.exit).toBe(0);
    expect(moved.stdout).toContain(
      'moved from sector app.example to bolt-app; users whose sub changes: 1',
    );
  });
});

import { beforeAll, expect, test } from 'vitest';

import { freshDatabase } from '../../support/database.ts';
import { environmentOn, run } from './command-line.ts';
import type { Environment, Stdin } from './command-line.ts';

const vendor = (id: string): string => `
  - id: ${id}
    clients:
      - client_id: ${id}-web
        client_secret: vendor-${id}
        upstream: { client_id: up-${id}, client_secret: ours-${id} }
        redirect_uris: [https://${id}.example/callback]`;
const PAIR = ['bolt.example', '--into', 'acme.example'];
const NAMED = ['--vendor', 'acme', '--vendor', 'bolt'];

let environment: Environment;
const sector = (argv: readonly string[], stdin?: Stdin) =>
  run(environment, ['sector', ...argv], stdin);

beforeAll(async () => {
  const { location, close } = await freshDatabase('sqlite');
  environment = environmentOn(location);
  const document = `vendors:${vendor('acme')}${vendor('bolt')}`;
  expect(await run(environment, ['apply', '-f', '-'], document)).toMatchObject({ exit: 0 });
  return close;
});

test('two vendors are named, and told apart from others, before anything is asked', async () => {
  const unnamed = await sector(['link', ...PAIR, '--yes']);
  expect(unnamed.exit).toBe(2);
  expect(unnamed.stderr).toContain('name both vendors');
  const asked = await sector(['link', ...PAIR, ...NAMED]);
  expect(asked.exit).toBe(2);
  expect(asked.stderr).toContain('can then tell which users they have in common');
  expect((await sector(['link', ...PAIR, ...NAMED, '--keep', 'corp.example', '--yes'])).exit).toBe(
    2,
  );
  expect(await sector(['link', ...PAIR, ...NAMED], { typed: 'n' })).toMatchObject({ exit: 1 });
});

test('a link is made, listed and ended, and whoever comes second hears of it', async () => {
  const unlinked = await sector(['unlink', 'bolt.example', '--yes']);
  expect(unlinked.exit).toBe(1);
  const done = await sector([
    'link',
    ...PAIR,
    ...NAMED,
    '--keep',
    'bolt.example',
    '--yes',
    '--json',
  ]);
  expect(done.json()).toEqual({
    ...{ sector: 'bolt.example', linked_into: 'acme.example', was_linked: false, carried: 0 },
    ...{ merged: 0, grace_days: 90, resumed: false },
  });
  const back = ['acme.example', '--into', 'bolt.example', ...NAMED, '--yes'];
  expect((await sector(['link', ...back])).exit).toBe(4);
  const rotated = await run(environment, ['subject', 'rotate', '--client', 'bolt-web', '--yes']);
  expect(rotated.exit).toBe(4);
  const { items } = (await sector(['list', '--json'])).json() as { items: object[] };
  expect(items).toMatchObject([
    { sector: 'acme.example', linked_into: null, link_state: null },
    { sector: 'bolt.example', linked_into: 'acme.example', link_state: 'linked' },
  ]);
  const asked = await sector(['unlink', 'bolt.example', '--keep-subjects']);
  expect(asked.stderr).toContain('keep the same subject in both');
  const parted = await sector(['unlink', 'bolt.example'], { typed: 'y' });
  expect(parted.exit).toBe(0);
  expect(parted.stdout).toContain('has subjects of its own, apart from acme.example');
});

import { beforeAll, describe, expect, test } from 'vitest';

import { giveSubject } from '../vendors/support.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { environmentOn, itemsOf, run } from './command-line.ts';
import type { Environment, Ran, Stdin } from './command-line.ts';

const VENDOR_SECRET = 'what-the-vendor-uses';
const UPSTREAM_SECRET = 'what-the-proxy-uses';
const CREATE = [
  ...['client', 'create', 'acme-web', '--vendor', 'acme'],
  ...['--redirect-uri', 'https://acme.example/callback'],
  ...['--client-secret-env', 'VENDOR', '--upstream-client-id', 'acme-upstream'],
  ...['--upstream-client-secret-env', 'UPSTREAM', '--release-claim', 'name', 'locale'],
];

describeOnEachDialect('vendor and client commands', (open) => {
  let database: TestDatabase;
  let environment: Environment;
  const said: string[] = [];

  const command = async (argv: readonly string[], stdin?: Stdin): Promise<Ran> => {
    const ran = await run(environment, argv, stdin);
    said.push(ran.stdout, ran.stderr);
    return ran;
  };
  const json = (argv: readonly string[], stdin?: Stdin) => command([...argv, '--json'], stdin);

  beforeAll(async () => {
    database = await open.fresh();
    const secrets = { VENDOR: VENDOR_SECRET, UPSTREAM: UPSTREAM_SECRET };
    environment = environmentOn(database.location, secrets);
  });

  test('creates a vendor from options, and refuses a second of that id with 4', async () => {
    const created = await json(['vendor', 'create', 'acme', '--name', 'Acme Learning']);
    expect(created.json()).toMatchObject({ action: 'create', kind: 'vendor', id: 'acme' });
    const again = await json(['vendor', 'create', 'acme']);
    expect(again.exit).toBe(4);
    expect(again.json()).toMatchObject({ error: { code: 'conflict' } });
  });

  test('creates a vendor from an entry on standard input', async () => {
    const created = await command(['vendor', 'create', '--file', '-'], 'id: beta\nname: Beta\n');
    expect(created).toMatchObject({ exit: 0, stdout: 'created vendor beta\n' });
    const shown = await json(['vendor', 'show', 'beta']);
    expect(shown.json()).toMatchObject({ id: 'beta', name: 'Beta', clients: [] });
  });

  test('refuses an entry by every rule of apply, with 2, naming the line', async () => {
    const wrong = await command(['vendor', 'create', '--file', '-'], 'id: gamma\nnmae: Gamma\n');
    expect(wrong.exit).toBe(2);
    expect(wrong.stderr).toContain('line 2, nmae: is not known; did you mean name?');
  });

  test('creates a client from options whose secrets never stand on the command line', async () => {
    expect(await command(CREATE)).toMatchObject({ exit: 0, stdout: 'created client acme-web\n' });
    expect((await command(CREATE)).exit).toBe(4);
    const shown = await json(['client', 'show', 'acme-web']);
    expect(shown.json()).toMatchObject({
      client_id: 'acme-web',
      sector: 'acme.example',
      phase: 'pairwise',
      has_client_secret: true,
      upstream: { client_id: 'acme-upstream', has_client_secret: true, shared: false },
      release_claims: ['name', 'locale'],
      can_bypass: false,
    });
  });

  test('refuses a client of an unknown vendor with 1, and a forwarded pairwise one with 2', async () => {
    const uri = ['--redirect-uri', 'https://beta.example/callback'];
    const unknown = await json(['client', 'create', 'x', '--vendor', 'nobody', ...uri]);
    expect(unknown.exit).toBe(1);
    const forwarded = await json(['client', 'create', 'x', '--vendor', 'beta', ...uri]);
    expect(forwarded.exit).toBe(2);
    expect(forwarded.stdout).toContain('accept_bypass');
  });

  test('lists vendors and clients in full', async () => {
    const vendors = await json(['vendor', 'list']);
    expect(vendors.json()).toMatchObject({ next: null });
    expect(itemsOf(vendors).map(({ id, clients }) => [id, clients])).toEqual([
      ['acme', 1],
      ['beta', 0],
    ]);
    expect(itemsOf(await json(['client', 'list', '--vendor', 'beta']))).toEqual([]);
    expect((await command(['client', 'list'])).stdout).toMatch(/acme-web.*terminated/);
  });

  test('updates the members that were given and keeps the others, secrets too', async () => {
    const updated = await json(['client', 'update', 'acme-web', '--scope', 'openid profile']);
    expect(updated.json()).toMatchObject({ action: 'update', fields: ['scope'] });
    const shown = await json(['client', 'show', 'acme-web']);
    expect(shown.json()).toMatchObject({
      scope: 'openid profile',
      has_client_secret: true,
      upstream: { has_client_secret: true },
      release_claims: ['name', 'locale'],
    });
  });

  test('takes a member away where the entry says null', async () => {
    const patch = '{"client_name": "Acme", "release_claims": null}';
    await command(['client', 'update', 'acme-web', '--file', '-'], patch);
    const shown = await json(['client', 'show', 'acme-web']);
    expect(shown.json()).toMatchObject({ client_name: 'Acme', release_claims: [] });
    const nothing = await json(['client', 'update', 'acme-web', '--name', 'Acme']);
    expect(nothing.json()).toMatchObject({ action: 'unchanged', fields: [] });
  });

  test('leaves phases to rollout and ids to nobody', async () => {
    const phase = await json(['client', 'update', 'acme-web', '--file', '-'], 'phase: shadow');
    expect(phase.exit).toBe(2);
    expect(phase.stdout).toContain('rollout set');
    const id = await json(['client', 'update', 'acme-web', '--file', '-'], 'client_id: other');
    expect(id.exit).toBe(2);
    const unknown = await json(['client', 'update', 'nobody', '--name', 'x']);
    expect(unknown.exit).toBe(1);
  });

  test('never accepts an update that would let the client round the proxy unasked', async () => {
    const forwarded = await json(['client', 'update', 'acme-web', '--file', '-'], 'upstream: null');
    expect(forwarded.exit).toBe(2);
    expect(forwarded.stdout).toContain('accept_bypass');
  });

  test('says how many users change sub before a change of sector, and asks', async () => {
    await giveSubject(database.db, 'acme.example', 'a');
    const move = ['client', 'update', 'acme-web', '--sector', 'acme-learning'];
    const unasked = await command(move);
    expect(unasked.exit).toBe(2);
    expect(unasked.stderr).toContain('changes the subject of 1 user');
    expect((await command(move, { typed: 'n' })).exit).toBe(1);
    const asked = await command(move, { typed: 'y' });
    expect(asked.exit).toBe(0);
    expect((await json(['client', 'show', 'acme-web'])).json()).toMatchObject({
      sector: 'acme-learning',
    });
  });

  test('keeps an assigned sector through later updates', async () => {
    await command(['client', 'update', 'acme-web', '--name', 'Acme again']);
    expect((await json(['client', 'show', 'acme-web'])).json()).toMatchObject({
      sector: 'acme-learning',
    });
  });

  test('deletes only what was confirmed: 2 without a terminal, 0 with --yes', async () => {
    const refused = await json(['client', 'delete', 'acme-web']);
    expect(refused.exit).toBe(2);
    expect(refused.json()).toMatchObject({ error: { code: 'confirmation_required' } });
    const withClients = await json(['vendor', 'delete', 'acme', '--yes']);
    expect(withClients.exit).toBe(4);
    const deleted = await json(['client', 'delete', 'acme-web', '--yes']);
    expect(deleted.json()).toEqual({ action: 'delete', kind: 'client', id: 'acme-web' });
    expect((await json(['client', 'show', 'acme-web'])).exit).toBe(1);
  });

  test('deletes a vendor, but not one whose users have pseudonyms', async () => {
    expect((await command(['vendor', 'delete', 'beta', '--yes'])).exit).toBe(0);
    const reserved = await command(['vendor', 'delete', 'acme', '--yes']);
    expect(reserved.exit).toBe(4);
    expect(reserved.stderr).toContain('stays reserved');
    expect((await command(['vendor', 'delete', 'beta', '--yes'])).exit).toBe(1);
  });

  describe('all that was printed', () => {
    test('holds no secret', () => {
      expect(said.length).toBeGreaterThan(20);
      for (const text of said) {
        expect(text).not.toContain(VENDOR_SECRET);
        expect(text).not.toContain(UPSTREAM_SECRET);
      }
    });
  });
});

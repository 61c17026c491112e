import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createAccountWorld, logInToAccount, press } from '../support/account.ts';
import { Browser } from '../support/browser.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe.each(['sqlite', 'mysql'] as const)('self-service on %s', (dialect) => {
  let world: World;
  beforeAll(async () => {
    world = await createAccountWorld(
      [
        {
          id: 'acme',
          client: { release_claims: ['email'], client_name: 'Acme Classes' },
          vendor: { contacts: ['privacy@acme.example'], policy_uri: 'https://acme.example/policy' },
        },
        { id: 'bolt', vendor: { disconnect: 'same_subject' } },
        { id: 'cord', vendor: { disconnect: 'forbidden' } },
        { id: 'dune', client: { subject_type: 'public' } },
      ],
      { dialect },
    );
  });
  afterAll(() => world.close());

  const subjectAt = async (id: string, username = 'alice') => {
    const tokens = await world.vendor(id).logIn(new Browser(), username);
    return { ...tokens, sub: decodeJwt(tokens.idToken ?? '').sub };
  };

  it('invites a stranger to log in, without a script', async () => {
    const page = await new Browser().open(`${world.proxy.issuer}/account`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('/account/login');
    expect(page.body).not.toMatch(/<script|style=|<style/);
  });

  it('shows which vendors know the user, whom to ask, and what each gets', async () => {
    await subjectAt('acme');
    await subjectAt('dune');
    const page = await logInToAccount(world, new Browser());
    expect(page.body).toContain('Vendor acme');
    expect(page.body).toContain('What Acme Classes gets');
    expect(page.body).toContain('Your e-mail address');
    expect(page.body).toContain('privacy@acme.example');
    expect(page.body).toContain('href="https://acme.example/policy"');
    expect(page.body).toMatch(/Since<\/dt><dd><time datetime="\d{4}-\d\d-\d\d">/);
    expect(page.body).toContain('Last used');
    expect(page.body).toContain('The identifier that your identity provider knows you by');
    expect(page.body).not.toContain('Vendor bolt');
  });

  it('gives everything that is held on the user, as an export of the operator would', async () => {
    const { sub } = await subjectAt('acme');
    const browser = new Browser();
    const file = await press(browser, await logInToAccount(world, browser), 'Download');
    expect(file.headers.get('content-disposition')).toContain('attachment');
    expect(file.headers.get('cache-control')).toBe('no-store');
    const held = JSON.parse(file.body) as { local_subject: string; sectors: object[] };
    expect(held.local_subject).toBe('alice');
    expect(JSON.stringify(held)).toContain(sub);
  });

  it('disconnects a vendor: its tokens stop, and the next login brings another subject', async () => {
    const before = await subjectAt('acme');
    const browser = new Browser();
    const page = await logInToAccount(world, browser);
    const ask = await browser.open(`${world.proxy.issuer}/account/disconnect?vendor=acme`);
    expect(ask.body).toContain('by another identifier');
    const done = await press(browser, ask, 'Disconnect Vendor acme');
    expect(done.body).toContain('Vendor acme is disconnected');
    await world.proxy.application.registry.refresh();
    expect(page.status).toBe(200);
    const after = await subjectAt('acme');
    expect(after.sub).not.toBe(before.sub);
  });
});

describe('without a client of its own at the provider', () => {
  it.each(['', '/login', '/callback', '/disconnect', '/download', '/style.css'])(
    'there is nothing at /account%s',
    async (path) => {
      const world = await createWorld([{ id: 'acme' }]);
      const page = await new Browser().open(`${world.proxy.issuer}/account${path}`);
      expect(page.status).toBe(404);
      await world.close();
    },
  );
});

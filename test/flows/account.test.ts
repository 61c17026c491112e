import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { linkSectors } from '../../src/operations/link-sectors.ts';
import { unlinkSectors } from '../../src/operations/unlink-sectors.ts';
import { operationContext } from '../support/events.ts';
import { createAccountWorld, logInToAccount, press } from '../support/account.ts';
import { Browser } from '../support/browser.ts';
import { reservePlace } from '../support/vendors/vendor.ts';
import type { World, WorldOptions } from '../support/world.ts';
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

  async function disconnect(id: string): Promise<string> {
    const browser = new Browser();
    await logInToAccount(world, browser);
    const ask = await browser.open(`${world.proxy.issuer}/account/disconnect?vendor=${id}`);
    const done = await press(browser, ask, `Disconnect Vendor ${id}`);
    expect(done.body).toContain(`Vendor ${id} is disconnected`);
    await world.proxy.application.registry.refresh();
    return ask.body;
  }

  it('disconnects a vendor: its tokens stop, and the next login brings another subject', async () => {
    const before = await subjectAt('acme');
    const other = await subjectAt('bolt');
    expect(await disconnect('acme')).toContain('by another identifier');
    const party = await world.vendor('acme').party();
    await expect(party.userinfo(before)).rejects.toThrow();
    await expect(party.refresh(before)).rejects.toThrow();
    const after = await subjectAt('acme');
    expect(after.sub).not.toBe(before.sub);
    expect((await party.userinfo(after))['sub']).toBe(after.sub);
    expect((await party.refresh(after)).claims['sub']).toBe(after.sub);
    expect((await (await world.vendor('bolt').party()).userinfo(other))['sub']).toBe(other.sub);
  });

  it('ends the tokens alone where the vendor keeps its subjects', async () => {
    const before = await subjectAt('bolt');
    expect(await disconnect('bolt')).toContain('by the same identifier');
    const party = await world.vendor('bolt').party();
    await expect(party.userinfo(before)).rejects.toThrow();
    await expect(party.refresh(before)).rejects.toThrow();
    expect((await subjectAt('bolt')).sub).toBe(before.sub);
  });

  it('ends the tokens of a client that gets original subjects', async () => {
    const before = await subjectAt('dune');
    await disconnect('dune');
    const party = await world.vendor('dune').party();
    await expect(party.userinfo(before)).rejects.toThrow();
    expect((await subjectAt('dune')).sub).toBe('alice');
  });

  it('offers no button for a vendor that cannot be disconnected, and refuses the request', async () => {
    const { sub } = await subjectAt('cord');
    const browser = new Browser();
    const page = await logInToAccount(world, browser);
    expect(page.body).toContain('It cannot be disconnected here');
    expect(page.body).not.toContain('vendor=cord');
    const address = `${world.proxy.issuer}/account/disconnect`;
    expect((await browser.open(`${address}?vendor=cord`)).status).toBe(403);
    const form = { vendor: 'cord', token: page.forms[0]?.fields['token'] ?? '' };
    expect((await browser.open(address, { form, from: page })).status).toBe(403);
    expect((await subjectAt('cord')).sub).toBe(sub);
  });

  it('says which vendors know the user by the same identifier, while their sectors are linked', async () => {
    for (const id of ['bolt', 'cord']) await subjectAt(id, 'bob');
    const shared = (name: string) => `by the same identifier as Vendor ${name}`;
    const page = () => logInToAccount(world, new Browser(), 'bob');
    expect((await page()).body).not.toContain('by the same identifier as');
    const { registry } = world.proxy.application;
    const sectorOf = (id: string): string => registry.find(`${id}-web`)?.sector ?? '';
    const pair = { sector: sectorOf('bolt'), into: sectorOf('cord'), vendors: ['bolt', 'cord'] };
    const how = { keep: 'into', graceDays: 1, endSessions: false } as const;
    const context = operationContext(world.proxy);
    await linkSectors(context, { ...pair, ...how }, { actor: 'test' });
    const { body } = await page();
    expect([body.includes(shared('bolt')), body.includes(shared('cord'))]).toEqual([true, true]);
    const parting = { sector: pair.sector, keep: false, graceDays: 1, endSessions: false };
    await unlinkSectors(context, parting, { actor: 'test' });
    expect((await page()).body).not.toContain('by the same identifier as');
  });

  it('stops a session that asks for more than anybody reads', async () => {
    const browser = new Browser();
    await logInToAccount(world, browser);
    const statuses = new Set<number>();
    for (let time = 0; time < 62; time += 1) {
      statuses.add((await browser.open(`${world.proxy.issuer}/account`)).status);
    }
    expect([...statuses]).toEqual([200, 429]);
  });
});

const takenOver = async (): Promise<WorldOptions> => {
  const { port } = await reservePlace({});
  return { port, upstream: { issuer: `http://localhost:${port}` } };
};

describe.each([
  ['the front channel is callback', async () => ({ environment: { FRONT_CHANNEL: 'callback' } })],
  ['ISSUER has a path', async () => ({ environment: { ISSUER_PATH: '/realms/main' } })],
  ['ISSUER is UPSTREAM_ISSUER', takenOver],
  [
    'ISSUER is UPSTREAM_ISSUER, and the front channel callback',
    async () => ({ ...(await takenOver()), environment: { FRONT_CHANNEL: 'callback' } }),
  ],
] as const)('where %s', (_name, choose) => {
  it('a user logs in, sees a vendor and logs out', async () => {
    const world = await createAccountWorld([{ id: 'acme' }], await choose());
    try {
      await world.vendor('acme').logIn(new Browser(), 'alice');
      const browser = new Browser();
      const page = await logInToAccount(world, browser);
      expect(page.body).toContain('Vendor acme');
      expect(page.url.href).toBe(`${world.proxy.issuer}/account`);
      expect((await press(browser, page, 'Log out')).body).toContain('/account/login');
    } finally {
      await world.close();
    }
  });
});

describe('without a client of its own at the provider', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }]);
  });
  afterAll(() => world.close());

  it.each(['', '/login', '/callback', '/disconnect', '/download', '/style.css'])(
    'there is nothing at /account%s',
    async (path) => {
      const page = await new Browser().open(`${world.proxy.issuer}/account${path}`);
      expect(page.status).toBe(404);
    },
  );
});

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import type { LegacyUser } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * A pilot narrows pairwise to a share of the users, to named users, or to both;
 * everybody else is served as in shadow. Who is in stays in when the share grows.
 */

const USERS: readonly LegacyUser[] = Array.from({ length: 8 }, (_, n) => ({
  username: `user-${n}`,
  password: `user-${n}-password`,
  givenName: `Given${n}`,
  familyName: `Family${n}`,
}));

let world: World;
/** One for each user, who therefore types the password once. */
const browsers = new Map(USERS.map(({ username }) => [username, new Browser()]));
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }], { upstream: { users: USERS } });
});
afterAll(() => world.close());

it('a list alone names all who are in', async () => {
  await pilot({ users: ['user-3', 'user-5'] });
  expect(await whoIsIn()).toEqual(['user-3', 'user-5']);
});

it('a share and a list name whoever either names, and a larger share keeps all who were in', async () => {
  await pilot({ percent: 40, users: ['user-3'] });
  const some = await whoIsIn();
  expect(some).toContain('user-3');
  await pilot({ percent: 80, users: ['user-3'] });
  expect(await whoIsIn()).toEqual(expect.arrayContaining(some));
  await pilot({ percent: 100 });
  expect(await whoIsIn()).toHaveLength(USERS.length);
});

it('a pilot user gets a pseudonym and no claims, another one what shadow gives', async () => {
  await pilot({ users: ['user-1'] });
  const one = await world.vendor('acme').logIn(new Browser(), 'user-1');
  const other = await world.vendor('acme').logIn(new Browser(), 'user-2');
  expect(one.claims['sub']).toMatch(/^[a-z2-7]{52}$/);
  expect(one.claims).not.toHaveProperty('email');
  expect(other.claims).toMatchObject({ sub: 'user-2', email: 'user-2@legacy.example' });
});

async function pilot(narrowed: { percent?: number; users?: string[] }): Promise<void> {
  const request = { clientId: 'acme-web', phase: 'pairwise', actor: 'operator' } as const;
  const { version } = await rolloutSet(world.proxy.rollout, { ...request, ...narrowed });
  await vi.waitFor(() => {
    const client = world.proxy.application.registry.find('acme-web');
    expect(client?.phases.at(-1)?.version).toBe(version.version);
  }, 5000);
}

async function whoIsIn(): Promise<string[]> {
  const found: string[] = [];
  for (const [username, browser] of browsers) {
    const { claims } = await world.vendor('acme').logIn(browser, username);
    if (claims['sub'] !== username) found.push(username);
  }
  return found;
}

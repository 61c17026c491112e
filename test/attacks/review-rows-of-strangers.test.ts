/*
 * Whoever knows a client id and its redirect URI, and both are public, can begin
 * logins that nobody finishes. One with a long `state` is kept in the database for
 * an hour, so a stranger could fill it. An address may begin as many of them as a
 * school behind one address does; the rest is asked to wait, and logins that keep
 * no row go on.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { VendorByHand } from '../support/by-hand.ts';
import { ask, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const ALLOWED = 600;

let world: World;
let acme: VendorByHand;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }]);
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

async function begin(state: string): Promise<string | null> {
  const { headers } = await ask(acme.request({ state }).url);
  const location = new URL(headers.get('location') ?? '');
  return location.searchParams.get('error');
}

async function rows(): Promise<number> {
  const [counted] = await world.database.db('sealed_references').count({ rows: '*' });
  return Number(counted?.['rows']);
}

it('a stranger cannot fill the database with logins that nobody finishes', async () => {
  const long = 'x'.repeat(3000);
  for (let login = 0; login < ALLOWED; login += 1) expect(await begin(long)).toBeNull();
  for (let login = 0; login < 20; login += 1) {
    expect(await begin(long)).toBe('temporarily_unavailable');
  }
  expect(await rows()).toBe(ALLOWED);
  expect(await begin('short')).toBeNull();
}, 60_000);

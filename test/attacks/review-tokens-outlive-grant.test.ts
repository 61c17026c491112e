/*
 * A grant ends a year after its login, and its row goes with it, so that nobody
 * remembers any more that it was revoked. An access token of an upstream that lets
 * its tokens live for years, fetched at the last moment, would come alive again
 * then. So no token outlives its grant.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { members, vendorByHand } from '../support/by-hand.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const YEAR = 365 * 24 * 3600;
const TEN_MINUTES = 600;

let world: World;
let acme: VendorByHand;
let travelled = 0;
beforeAll(async () => {
  const clock = () => new Date(Date.now() + travelled * 1000);
  world = await createWorld([{ id: 'acme' }], { clock });
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

it('an access token that is refreshed at the end of its grant ends with it', async () => {
  const browser = new Browser();
  const { refreshToken } = await acme.logIn(browser);
  travelled = YEAR - TEN_MINUTES;
  await world.proxy.application.registry.refresh();
  world.upstream.faults.arm('token', withMembers({ id_token: undefined, expires_in: 5 * YEAR }));
  const lifetime = Number(members(await acme.refresh(refreshToken))['expires_in']);
  expect(lifetime).toBeGreaterThan(0);
  expect(lifetime).toBeLessThanOrEqual(TEN_MINUTES);
  await browser.close();
});

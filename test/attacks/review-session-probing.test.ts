/*
 * An attacker begins a login at a vendor with prompt=none, frames the relay's address
 * in his own page and waits where the answer goes. The code is held back, since the
 * login began in another browser; but an answer that differs from "nobody is logged
 * in" would still tell, of any visitor, whether he has an account at the provider.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }]);
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

async function probe(visitor: Browser): Promise<URL> {
  const attacker = new Browser();
  const begun = await attacker.open(acme.request({ prompt: 'none', state: 'probe' }).url);
  const { callback } = await visitor.walk(begun.location ?? '');
  await attacker.close();
  return callback ?? new URL('about:blank');
}

it('tells the same of a visitor with a session as of one without', async () => {
  const stranger = new Browser();
  const alice = new Browser();
  await acme.begin(alice);
  const [ofAlice, ofStranger] = [await probe(alice), await probe(stranger)];
  expect(ofStranger.searchParams.get('error')).toBe('login_required');
  expect(ofAlice.href).toBe(ofStranger.href);
  await Promise.all([stranger.close(), alice.close()]);
});

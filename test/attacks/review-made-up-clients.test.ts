/*
 * Failed credentials are remembered for a while for each client and address. An
 * attacker who calls himself something else in every request would fill the memory,
 * and never be slowed. All clients that do not exist count as one.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { Browser } from '../support/browser.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }]);
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

function attemptAs(clientId: string): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`${clientId}:guessed`).toString('base64')}`;
  return acme.token({ grant_type: 'refresh_token', refresh_token: 'x' }, { authorization });
}

it('slows down whoever makes up a client for every attempt, and nobody else', async () => {
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 25; attempt += 1) {
    statuses.push((await attemptAs(`made-up-${attempt}`)).status);
  }
  expect(statuses.slice(0, 20)).toEqual(Array<number>(20).fill(401));
  expect(statuses.slice(20)).toEqual(Array<number>(5).fill(429));
  const browser = new Browser();
  const answer = await acme.redeem(await acme.begin(browser));
  expect(answer.status).toBe(200);
  expect(member(answer, 'token_type')).toBe('Bearer');
  await browser.close();
});

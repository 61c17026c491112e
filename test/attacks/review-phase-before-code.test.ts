/*
 * A vendor that is about to be moved to pairwise logs a user in with a hint, so that the
 * answer of the upstream is settled before the vendor gets its code, and keeps the code.
 * After the change it redeems it. The `sub` of the login continues; the claims go by the
 * stricter of the two phases at once, as everywhere.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme', client: { phase: 'public' } }]);
});
afterAll(() => world.close());

it('a code of before a change of phase yields no claims of before', async () => {
  const acme = vendorByHand(world, 'acme');
  const browser = new Browser();
  const { idToken } = await acme.logIn(browser);
  expect(decodeJwt(idToken)).toHaveProperty('email');
  const begun = await acme.begin(browser, 'alice', { id_token_hint: idToken });
  await browser.close();

  const { clientId } = acme;
  await rolloutSet(world.proxy.rollout, { clientId, phase: 'pairwise', actor: 'operator' });
  await world.proxy.application.registry.refresh();

  const answer = await acme.redeem(begun);
  const claims = decodeJwt(member(answer, 'id_token'));
  expect(claims.sub).toBe('alice');
  expect(claims).not.toHaveProperty('email');
  expect(claims).not.toHaveProperty('preferred_username');
  const userinfo = await acme.userinfo(member(answer, 'access_token'));
  expect(members(userinfo)).toEqual({ sub: 'alice' });
});

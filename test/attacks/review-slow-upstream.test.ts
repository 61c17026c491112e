/*
 * A vendor that is about to be moved to pairwise, or whose sessions are ended, keeps
 * requests open: the upstream takes its time, and the answer is written by what held
 * when the request came. What an operator changes holds within five seconds, however
 * slow the upstream is; so the answer goes by what holds when it is written.
 */
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import type { Tokens, VendorByHand } from '../support/by-hand.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import { send } from '../support/upstream/answer.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('an operator who changes something while the upstream thinks', () => {
  let world: World;
  let acme: VendorByHand;
  let tokens: Tokens;
  beforeEach(async () => {
    const client = { phase: 'public', scope: 'openid profile email offline_access' };
    world = await createWorld([{ id: 'acme', client }]);
    acme = vendorByHand(world, 'acme');
    const browser = new Browser();
    tokens = await acme.logIn(browser);
    await browser.close();
  });
  afterEach(() => world.close());

  /** The upstream answers only after the change has been made. */
  function meanwhile(endpoint: 'userinfo' | 'token', endSessions: boolean): void {
    world.upstream.faults.arm(endpoint, async (response, answer) => {
      const request = { clientId: acme.clientId, phase: 'pairwise', actor: 'operator' } as const;
      await rolloutSet(world.proxy.rollout, { ...request, endSessions });
      await world.proxy.application.registry.refresh();
      send(response, answer);
    });
  }

  it('gets claims of the new phase at userinfo', async () => {
    meanwhile('userinfo', false);
    const answer = await acme.userinfo(tokens.accessToken);
    expect(Object.keys(members(answer))).toEqual(['sub']);
  });

  it('gets claims of the new phase in a refreshed ID token', async () => {
    meanwhile('token', false);
    const claims = decodeJwt(member(await acme.refresh(tokens.refreshToken), 'id_token'));
    expect(claims).not.toHaveProperty('preferred_username');
    expect(claims).not.toHaveProperty('email');
  });

  it('gets nothing at userinfo where the sessions were ended', async () => {
    meanwhile('userinfo', true);
    const answer = await acme.userinfo(tokens.accessToken);
    expect([answer.status, member(answer, 'error')]).toEqual([401, 'invalid_token']);
  });

  it('gets no refreshed tokens where the sessions were ended', async () => {
    meanwhile('token', true);
    const answer = await acme.refresh(tokens.refreshToken);
    expect([answer.status, member(answer, 'error')]).toEqual([400, 'invalid_grant']);
  });
});

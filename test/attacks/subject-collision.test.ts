/*
 * Before a client is pairwise, its users come under their upstream subjects. A user
 * who may choose his username at the legacy provider chooses another user's
 * pseudonym, which vendors publish in URLs and exports, and would be that user to
 * the vendor wherever some users are pairwise already and others are not yet.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { expectRefused } from '../support/refused.ts';
import { forgedIdToken, withClaims } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe.each(['sqlite', 'mysql'] as const)(
  "another user's pseudonym as username, on %s",
  (dialect) => {
    let world: World;
    let acme: VendorByHand;
    beforeAll(async () => {
      world = await createWorld([{ id: 'acme', client: { phase: 'pairwise' } }], { dialect });
      acme = vendorByHand(world, 'acme');
    });
    afterAll(() => world.close());

    it.each(['public', 'shadow'] as const)('is refused in phase %s', async (phase) => {
      const who = { clientId: acme.clientId, actor: 'test' };
      await rolloutSet(world.proxy.rollout, { ...who, phase: 'pairwise' });
      await world.proxy.application.registry.refresh();
      const { idToken } = await acme.logIn(new Browser(), 'alice');
      const pseudonym = String(decodeJwt(idToken).sub);
      await rolloutSet(world.proxy.rollout, { ...who, phase });
      await world.proxy.application.registry.refresh();

      const begun = await acme.begin(new Browser(), 'bob');
      const impostor = withClaims(world.upstream.signingKey(), () => ({ sub: pseudonym }));
      world.upstream.faults.arm('token', forgedIdToken(impostor), 1);
      await expectRefused(
        world,
        { status: 500, error: 'server_error', reason: 'subject_collision' },
        () => acme.redeem(begun),
        [begun.code, pseudonym],
      );
      const honest = await acme.redeem(await acme.begin(new Browser(), 'bob'));
      expect(decodeJwt(member(honest, 'id_token')).sub).toBe('bob');
    });
  },
);

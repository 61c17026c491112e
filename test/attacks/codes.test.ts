/*
 * A code is the one thing of a login that passes through the user's browser, so
 * attackers have it: from a log, a referrer, an injected script, or because it is
 * their own. They try it at their own client, a second time, at another replica,
 * twice at the same moment, with another redirect URI, or without the verifier
 * that only the right vendor has (RFC 6749 4.1.3 and 10.5, RFC 7636, RFC 9700 2.1.1).
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { altered } from '../support/upstream/faults.ts';
import type { Fault } from '../support/upstream/faults.ts';
import { send as sendAnswer } from '../support/upstream/answer.ts';
import type { Answer as UpstreamAnswer } from '../support/upstream/answer.ts';
import { expectRefused } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const INVALID_GRANT = { status: 400, error: 'invalid_grant' } as const;

describe.each(['sqlite', 'mysql'] as const)('a code in the wrong hands, on %s', (dialect) => {
  let world: World;
  let browser: Browser;
  let acme: VendorByHand;
  let bolt: VendorByHand;
  beforeAll(async () => {
    world = await createWorld(
      [{ id: 'acme' }, { id: 'bolt' }, { id: 'spa', authentication: 'public' }],
      { dialect },
    );
    browser = new Browser();
    acme = vendorByHand(world, 'acme');
    bolt = vendorByHand(world, 'bolt');
  });
  afterAll(() => world.close());

  const tokenRequests = (): number =>
    world.upstream.requests.filter(({ url }) => url.pathname === '/token').length;

  it('is not redeemed by another client, and stays good for its own', async () => {
    const begun = await acme.begin(browser);
    const asked = tokenRequests();
    const expected = { ...INVALID_GRANT, reason: 'code_of_another_client' } as const;
    for (const redirect_uri of [bolt.redirectUri, acme.redirectUri]) {
      await expectRefused(world, expected, () => bolt.redeem(begun, { redirect_uri }), [
        begun.code,
        begun.verifier,
      ]);
    }
    expect(tokenRequests()).toBe(asked);
    expect((await acme.redeem(begun)).status).toBe(200);
  });

  it.each([
    ['another redirect URI', { redirect_uri: 'https://attacker.example/' }, 'code_redirect_uri'],
    ['no redirect URI', { redirect_uri: undefined }, 'parameter_missing'],
    ['no verifier', { code_verifier: undefined }, 'code_verifier_invalid'],
    ['another verifier', { code_verifier: 'v'.repeat(43) }, 'code_verifier_invalid'],
    ['an empty code', { code: '' }, 'parameter_missing'],
    ['no code', { code: undefined }, 'parameter_missing'],
    ['a code of no seal', { code: 'SplxlOBeZQQYbYS6WxSbIA' }, 'code_invalid'],
  ] as const)(
    'is refused with %s, before the upstream is asked',
    async (_what, changes, reason) => {
      const begun = await acme.begin(browser);
      const asked = tokenRequests();
      const error = reason === 'parameter_missing' ? 'invalid_request' : 'invalid_grant';
      await expectRefused(
        world,
        { status: 400, error, reason },
        () => acme.redeem(begun, changes),
        [begun.code, begun.verifier],
      );
      expect(tokenRequests()).toBe(asked);
    },
  );

  it('is not redeemed with the challenge itself in place of the verifier (method plain)', async () => {
    const { url } = acme.request();
    const challenge = url.searchParams.get('code_challenge') ?? '';
    const callback = await browser.login(url, { username: 'alice' });
    const code = callback.searchParams.get('code') ?? '';
    const expected = { ...INVALID_GRANT, reason: 'code_verifier_invalid' } as const;
    await expectRefused(world, expected, () => acme.redeem({ code, verifier: challenge }), [code]);
  });

  it('is not redeemed with a verifier where the login had no challenge (downgrade)', async () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined };
    const begun = await acme.begin(browser, 'alice', none);
    const expected = { ...INVALID_GRANT, reason: 'code_verifier_invalid' } as const;
    await expectRefused(world, expected, () => acme.redeem(begun), [begun.code]);
    expect((await acme.redeem(begun, { code_verifier: undefined })).status).toBe(200);
  });

  it('ends what it yielded when it comes again, in every replica, within 5 s', async () => {
    const replica = await world.proxy.replica();
    try {
      const begun = await acme.begin(browser);
      const first = await acme.redeem(begun);
      const access = member(first, 'access_token');
      const refreshed = await acme.refresh(member(first, 'refresh_token'));
      expect((await acme.userinfo(access, replica.issuer)).status).toBe(200);
      const asked = tokenRequests();
      const again = { upstream: world.upstream, proxy: replica };
      await expectRefused(
        again,
        { ...INVALID_GRANT, reason: 'code_replayed' },
        () => acme.redeem(begun, {}, { issuer: replica.issuer }),
        [begun.code],
      );
      expect(tokenRequests()).toBe(asked);

      const deadline = Date.now() + 5000;
      const refused = async (): Promise<boolean> => {
        const statuses = [world.proxy.issuer, replica.issuer].flatMap((issuer) => [
          acme.userinfo(access, issuer),
          acme.userinfo(member(refreshed, 'access_token'), issuer),
        ]);
        return (await Promise.all(statuses)).every(({ status }) => status === 401);
      };
      while (!(await refused())) {
        expect(Date.now()).toBeLessThan(deadline);
        await sleep(100);
      }
      const dead = member(refreshed, 'refresh_token');
      const expected = { ...INVALID_GRANT, reason: 'grant_revoked' } as const;
      await expectRefused(world, expected, () => acme.refresh(dead), [dead]);
      await expectRefused(
        world,
        { status: 401, error: 'invalid_token', reason: 'token_invalid' },
        () => acme.userinfo(access),
        [access],
      );
    } finally {
      await replica.close();
    }
  });

  it('yields tokens at most once, however many replicas are asked at the same moment', async () => {
    const replica = await world.proxy.replica();
    try {
      for (let round = 0; round < 3; round += 1) {
        const begun = await acme.begin(browser);
        const issuers = [world.proxy.issuer, replica.issuer];
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, n) =>
            acme.redeem(begun, {}, { issuer: issuers[n % 2] ?? '' }),
          ),
        );
        const refused = answers.filter(({ status }) => status !== 200);
        expect(refused.length).toBeGreaterThanOrEqual(7);
        for (const answer of refused) {
          expect([answer.status, member(answer, 'error')]).toEqual([400, 'invalid_grant']);
        }
      }
    } finally {
      await replica.close();
    }
  });

  it('yields tokens at most once where the upstream itself takes a code twice', async () => {
    let granted: UpstreamAnswer | undefined;
    const lenient = altered((answer) => {
      if (answer.status === 200) granted ??= answer;
      return granted ?? answer;
    });
    const replica = await world.proxy.replica();
    world.upstream.faults.arm('token', lenient);
    try {
      const begun = await acme.begin(browser);
      const issuers = [world.proxy.issuer, replica.issuer];
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, n) =>
          acme.redeem(begun, {}, { issuer: issuers[n % 2] ?? '' }),
        ),
      );
      const won = answers.filter(({ status }) => status === 200);
      // None: a second use ended the first before its tokens were on their way.
      expect(won.length).toBeLessThanOrEqual(1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expect([answer.status, member(answer, 'error')]).toEqual([400, 'invalid_grant']);
      }
      await world.proxy.application.registry.refresh();
      for (const answer of won) {
        const { status } = await acme.userinfo(member(answer, 'access_token'));
        expect(status, 'a second use ends the first').toBe(401);
      }
    } finally {
      world.upstream.faults.clear();
      await replica.close();
    }
  });

  it('ends what it yielded where the upstream is the one to notice the second use', async () => {
    const begun = await acme.begin(browser);
    const first = Promise.withResolvers<Answer>();
    const refusalWaits: Fault = async (response, answer) => {
      if (answer.status !== 200) await first.promise;
      sendAnswer(response, answer);
    };
    world.upstream.faults.arm('token', refusalWaits);
    try {
      const answers = [acme.redeem(begun), acme.redeem(begun)];
      first.resolve(Promise.race(answers));
      const settled = await Promise.all(answers);
      expect(statuses(settled)).toEqual([200, 400]);
      const won = settled.find(({ status }) => status === 200);
      await world.proxy.application.registry.refresh();
      const refreshToken = won === undefined ? '' : member(won, 'refresh_token');
      const expected = { ...INVALID_GRANT, reason: 'grant_revoked' } as const;
      await expectRefused(world, expected, () => acme.refresh(refreshToken), [refreshToken]);
    } finally {
      world.upstream.faults.clear();
    }
  });

  it('is good once at a public client, and so is each of its refresh tokens', async () => {
    const spa = vendorByHand(world, 'spa');
    const begun = await spa.begin(browser);
    const first = await spa.redeem(begun);
    const refreshToken = member(first, 'refresh_token');
    const second = await spa.refresh(refreshToken);
    expect(second.status).toBe(200);
    expect(member(second, 'refresh_token')).not.toBe(refreshToken);
    const expected = { ...INVALID_GRANT, reason: 'refresh_replayed' } as const;
    await expectRefused(world, expected, () => spa.refresh(refreshToken), [refreshToken]);
    await world.proxy.application.registry.refresh();
    const newest = member(second, 'refresh_token');
    const dead = { ...INVALID_GRANT, reason: 'grant_revoked' } as const;
    await expectRefused(world, dead, () => spa.refresh(newest), [newest]);
  });
});

function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status).sort((a, b) => a - b);
}

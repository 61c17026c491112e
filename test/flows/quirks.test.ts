import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { authorize } from '../support/steps.ts';
import { NAMING_DESCRIPTION } from '../support/upstream/faults.ts';
import { PROFILE_NAMES } from '../support/upstream/profiles.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Each habit of legacy providers on its own, under a strict vendor library: a
 * login, userinfo, refreshes and errors work as if the upstream had no habits.
 */

const PSEUDONYM = /^[a-z2-7]{52}$/;

describe.each(PROFILE_NAMES)('an upstream with the habit %s', (profile) => {
  let world: World;
  let alice: string;
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }], { upstream: { profiles: [profile] } });
    alice = world.upstream.users[0]?.username ?? '';
  });
  afterAll(() => world.close());

  it('logs in, asks userinfo and refreshes twice, always with one subject', async () => {
    const vendor = world.vendor('acme');
    const tokens = await vendor.logIn(new Browser(), alice);
    const party = await vendor.party();
    const sub = tokens.claims['sub'];
    expect(sub).toMatch(PSEUDONYM);
    expect((await party.userinfo(tokens))['sub']).toBe(sub);
    const refreshed = await party.refresh(tokens);
    expect(refreshed.claims['sub']).toBe(sub);
    const again = await party.refresh(refreshed);
    expect(again.claims['sub']).toBe(sub);
    expect(world.upstream.errors).toEqual([]);
  });

  it('tells a vendor of a login that is not possible, in a standard code and no more', async () => {
    const { callback } = await authorize(world.vendor('acme'), new Browser(), alice, {
      prompt: 'none',
    });
    expect(callback.searchParams.get('error')).toBe('login_required');
    expect([...callback.searchParams.keys()].toSorted()).toEqual(['error', 'iss', 'state']);
  });

  it('tells a vendor that a code was used before', async () => {
    const vendor = world.vendor('acme');
    const answered = await authorize(vendor, new Browser(), alice);
    await answered.party.finish(answered.callback, answered.pending);
    await expect(answered.party.finish(answered.callback, answered.pending)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    const received = vendor.record.received.map(({ text }) => text).join('\n');
    expect(received).not.toContain(NAMING_DESCRIPTION);
  });

  it('does not take a login that goes with another verifier', async () => {
    const { callback, pending, party } = await authorize(
      world.vendor('acme'),
      new Browser(),
      alice,
    );
    const other = { ...pending, codeVerifier: 'v'.repeat(43) };
    await expect(party.finish(callback, other)).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});

describe.each([301, 302, 303, 307, 308] as const)(
  'an upstream that redirects with %i',
  (status) => {
    it('never makes a browser post the password to a vendor', async () => {
      const world = await createWorld([{ id: 'acme' }], {
        upstream: { profiles: [`redirects-${status}`] },
      });
      try {
        const browser = new Browser();
        const { callback } = await authorize(world.vendor('acme'), browser, 'alice');
        const last = browser.pages.at(-1);
        expect(last?.location?.href).toBe(callback.href);
        expect([301, 302, 303]).toContain(last?.status);
      } finally {
        await world.close();
      }
    });
  },
);

it('keys that are published later than they sign: refused until they are, then taken', async () => {
  let passed = 0;
  const world = await createWorld([{ id: 'acme' }], {
    upstream: { profiles: ['slow-key-rotation'] },
    clock: () => new Date(Date.now() + passed),
  });
  try {
    const vendor = world.vendor('acme');
    const before = await vendor.logIn(new Browser(), 'alice');
    await world.upstream.rotateKeys({ keepOld: false });
    const { callback, pending, party } = await authorize(vendor, new Browser(), 'alice');
    await expect(party.finish(callback, pending)).rejects.toThrow();
    passed = 11_000;
    const after = await vendor.logIn(new Browser(), 'alice');
    expect(after.claims['sub']).toBe(before.claims['sub']);
  } finally {
    await world.close();
  }
});

/*
 * A user who may choose his username chooses one that some layer reads as another's:
 * other letter case, another Unicode form, a blank at the end, a NUL, a name that
 * means something to JavaScript or SQL. Two users must never be one to a vendor, and
 * nothing of an odd name comes out, neither broken nor whole.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { withMembers } from '../support/upstream/faults.ts';
import { forgedIdToken, withClaims } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const NAMES = [
  'bob',
  'Bob',
  'BOB',
  'bob ',
  ' bob',
  'bob\u0000',
  'bob\n',
  'bo\u0301b',
  'b\u00f3b',
  'b\u200bob',
  'ｂｏｂ',
  '__proto__',
  'constructor',
  "'; drop table pseudonyms; --",
  '<script>alert(1)</script>',
  '😀'.repeat(63),
  'x'.repeat(255),
  '\ufeffbob',
];

describe.each(['sqlite', 'mysql'] as const)('odd usernames on %s', (dialect) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(
      [{ id: 'acme' }, { id: 'open', client: { subject_type: 'public' } }],
      { dialect },
    );
  });
  afterAll(() => world.close());

  /** The `sub` of the ID token and of userinfo, which must be one. */
  async function subOf(vendor: VendorByHand, sub: string): Promise<string> {
    const { upstream } = world;
    upstream.faults.arm('token', forgedIdToken(withClaims(upstream.signingKey(), () => ({ sub }))));
    upstream.faults.arm('userinfo', withMembers({ sub }));
    const browser = new Browser();
    const { idToken, accessToken } = await vendor.logIn(browser);
    await browser.close();
    const told = String(decodeJwt(idToken)['sub']);
    expect(member(await vendor.userinfo(accessToken), 'sub')).toBe(told);
    return told;
  }

  it('are as many pseudonyms as they are names', async () => {
    const acme = vendorByHand(world, 'acme');
    const subs: string[] = [];
    for (const name of NAMES) subs.push(await subOf(acme, name));
    expect(new Set(subs).size).toBe(NAMES.length);
    for (const sub of subs) expect(sub).toMatch(/^[a-z2-7]{52}$/);
    expect(await subOf(acme, 'bob')).toBe(subs[0]);
  });

  it('pass to the letter where the client is public', async () => {
    const open = vendorByHand(world, 'open');
    for (const name of NAMES) expect(await subOf(open, name)).toBe(name);
  });
});

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import { withClaims } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';
import { TELLTALE } from './telltale.ts';

/*
 * Two vendors with a generous release policy: a scope, a claim that turns out to
 * be kept elsewhere, a relay e-mail. The upstream says everything it knows, also
 * what names no user by itself and is the same at both vendors all the same.
 */

const CLIENT = {
  release_claims: ['scope:profile', 'scope:address', 'payment', 'locale as language'],
  relay_email_domain: 'relay.example',
};

const NEEDLES = [
  TELLTALE.nickname,
  TELLTALE.website,
  TELLTALE.profile,
  String(TELLTALE.updated_at),
  TELLTALE.payment,
  'bank.example',
  'bank-secret',
  'legacy.example',
];

let world: World;
const received = new Map<string, readonly Readonly<Record<string, unknown>>[]>();
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme', client: CLIENT },
    { id: 'bolt', client: CLIENT },
  ]);
  const { faults } = world.upstream;
  faults.arm(
    'userinfo',
    altered((answer) => withJson(answer, { ...jsonIn(answer), ...TELLTALE })),
  );
  faults.arm(
    'token',
    altered(async (answer) => {
      const tokens = jsonIn(answer);
      const talkative = withClaims(world.upstream.signingKey(), () => TELLTALE);
      const idToken = await talkative(String(tokens['id_token']));
      return withJson(answer, { ...tokens, id_token: idToken });
    }),
  );
  for (const id of ['acme', 'bolt']) {
    const tokens = await world.vendor(id).logIn(new Browser(), 'alice');
    const userinfo = await (await world.vendor(id).party()).userinfo(tokens);
    received.set(id, [decodeJwt(tokens.idToken), userinfo]);
  }
});
afterAll(() => world.close());

describe.each(['acme', 'bolt'])('%s', (id) => {
  it.each(NEEDLES)('is not told %s', (needle) => {
    expect(JSON.stringify(received.get(id))).not.toContain(needle);
  });

  it('gets what its policy names, under the name that the policy gives it', () => {
    for (const claims of received.get(id) ?? []) {
      expect(claims).toMatchObject({
        name: 'Alicia Archer',
        given_name: 'Alicia',
        family_name: 'Archer',
        language: 'de-CH',
      });
      expect(claims).not.toHaveProperty('locale');
    }
  });

  it('has an address at the relay domain that is its own pseudonym', () => {
    for (const claims of received.get(id) ?? []) {
      expect(claims['email']).toBe(`${String(claims['sub'])}@relay.example`);
      expect(claims['email_verified']).toBe(true);
    }
  });
});

it('both have another address for one user', () => {
  const [acme, bolt] = ['acme', 'bolt'].map((id) => received.get(id)?.[0]?.['email']);
  expect(acme).not.toBe(bolt);
});

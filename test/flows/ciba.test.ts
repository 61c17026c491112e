import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { elsewhereWorld, partyOf } from '../support/elsewhere.ts';
import type { World } from '../support/world.ts';

/*
 * Backchannel authentication by poll (CIBA), with openid-client as the vendor's
 * software; the user decides on a device that only the upstream knows.
 */

let world: World;
let sub: string;
let idToken: string;
beforeAll(async () => {
  world = await elsewhereWorld([
    { id: 'acme' },
    { id: 'open', client: { subject_type: 'public' } },
  ]);
  const tokens = await world.vendor('acme').logIn(new Browser(), 'alice');
  sub = String(tokens.claims['sub']);
  ({ idToken } = tokens);
});
afterAll(() => world.close());

async function ask(id: string, hint: Readonly<Record<string, string>>) {
  const party = await partyOf(world, id);
  const begun = await client.initiateBackchannelAuthentication(party, {
    scope: 'openid profile',
    binding_message: 'W4SCT',
    ...hint,
  });
  return { party, begun };
}

describe.each([
  ['its subject', () => ({ login_hint: sub })],
  ['an ID token', () => ({ id_token_hint: idToken })],
])('a user whom the vendor names by %s', (_name, hint) => {
  it('logs in on a device of theirs, as the same subject', async () => {
    const { party, begun } = await ask('acme', hint());
    const user = world.upstream.waiting.at(-1);
    expect(user).toMatchObject({ username: 'alice', bindingMessage: 'W4SCT' });
    await user?.decide('yes');
    const tokens = await client.pollBackchannelAuthenticationGrant(party, begun);
    expect(tokens.claims()?.sub).toBe(sub);
    const userinfo = await client.fetchUserInfo(party, tokens.access_token, sub);
    expect(userinfo.sub).toBe(sub);
  });
});

it('a client that is served original subjects names users by them', async () => {
  const { party, begun } = await ask('open', { login_hint: 'bob' });
  await world.upstream.waiting.at(-1)?.decide('yes');
  const tokens = await client.pollBackchannelAuthenticationGrant(party, begun);
  expect(tokens.claims()?.sub).toBe('bob');
});

it('a user who says no is told as access_denied, in no words of the upstream', async () => {
  const { party, begun } = await ask('acme', { login_hint: sub });
  await world.upstream.waiting.at(-1)?.decide('no');
  const refused = client.pollBackchannelAuthenticationGrant(party, begun);
  await expect(refused).rejects.toMatchObject({
    error: 'access_denied',
    error_description: 'The request was denied.',
  });
});

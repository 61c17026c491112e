import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { LogoutReceiver } from '../support/logout-receiver.ts';
import { startLogoutReceiver } from '../support/logout-receiver.ts';
import { forgedIdToken, withClaims } from '../support/upstream/forged-id-token.ts';
import { tellLogout, upstreamLogoutToken } from '../support/upstream/logout-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Providers tell of a logout by the user, by the session, or by both. A vendor is
 * told of its own grants alone, by what it was given at the login.
 */

let world: World;
let receiver: LogoutReceiver;
beforeAll(async () => {
  receiver = await startLogoutReceiver();
  const client = { backchannel_logout_uri: receiver.uri };
  world = await createWorld([
    { id: 'acme', client },
    { id: 'open', client: { ...client, subject_type: 'public' } },
  ]);
});
afterAll(async () => {
  await world.close();
  await receiver.close();
});
beforeEach(() => {
  receiver.tokens.length = 0;
});
afterEach(() => world.upstream.faults.clear());

/** A login in an upstream session of that name. */
async function loggedIn(id: string, sid: string | undefined) {
  const key = world.upstream.signingKey();
  world.upstream.faults.arm('token', forgedIdToken(withClaims(key, () => ({ sid }))));
  const tokens = await world.vendor(id).logIn(new Browser(), 'alice');
  world.upstream.faults.clear();
  return tokens.claims;
}

async function told(id: string, claims: Readonly<Record<string, unknown>>) {
  const token = await upstreamLogoutToken(world, { aud: `legacy-${id}`, ...claims });
  expect((await tellLogout(world, token)).status).toBe(200);
  const [received = ''] = await receiver.received(1);
  return decodeJwt(received);
}

describe('a logout that the provider tells of', () => {
  it('by the session is told by our name for the session, and by the pseudonym', async () => {
    const { sid, sub } = await loggedIn('acme', 'session-of-alice-1');
    const claims = await told('acme', { sub: undefined, sid: 'session-of-alice-1' });
    expect(claims).toMatchObject({ sid, sub });
    expect(JSON.stringify(claims)).not.toContain('alice');
  });

  it('by the session is told by the session alone where a client is served original subjects', async () => {
    const { sid } = await loggedIn('open', 'session-of-alice-2');
    const claims = await told('open', { sub: undefined, sid: 'session-of-alice-2' });
    expect(claims).toMatchObject({ sid });
    expect(claims).not.toHaveProperty('sub');
  });

  it('by the user ends all of her sessions, and names none', async () => {
    const { sub } = await loggedIn('acme', 'session-of-alice-3');
    const claims = await told('acme', { sid: undefined });
    expect(claims).toMatchObject({ sub });
    expect(claims).not.toHaveProperty('sid');
  });

  it('by a session of somebody else ends nothing', async () => {
    await loggedIn('acme', 'session-of-alice-4');
    const ended = async () =>
      (await world.database.db('sessions').whereNotNull('revoked_at').select('sid')).length;
    const before = await ended();
    const claims = { sub: 'bob', sid: 'session-of-alice-4' };
    const token = await upstreamLogoutToken(world, claims);
    expect((await tellLogout(world, token)).status).toBe(200);
    expect(await ended()).toBe(before);
  });
});

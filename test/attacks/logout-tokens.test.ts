import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { newLegacyKey } from '../../demo/legacy-idp/signing-keys.ts';
import { Browser } from '../support/browser.ts';
import { LOGOUT_EVENT, tellLogout, upstreamLogoutToken } from '../support/upstream/logout-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Whoever can make the proxy believe a logout token ends the sessions of others: forged ones,
 * ID tokens passed off as logout tokens, tokens for clients that are not ours, old and used ones.
 */
describe('a logout token that is not to be believed', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld();
    await world.vendor('acme').logIn(new Browser(), 'alice');
  });
  afterAll(() => world.close());

  const now = () => Math.floor(Date.now() / 1000);
  const refused = async (token: string) => {
    const answer = await tellLogout(world, token);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    const ended = await world.database.db('sessions').whereNotNull('revoked_at').select('sid');
    expect(ended).toEqual([]);
  };

  it.each([
    ['for a client of somebody else', { aud: 'legacy-other' }],
    ['for the vendor’s own client id', { aud: 'acme-web' }],
    ['for nobody', { aud: [] }],
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['with a nonce', { nonce: 'n' }],
    ['without the event', { events: {} }],
    ['with the event as text', { events: { [LOGOUT_EVENT]: 'yes' } }],
    ['without an id', { jti: undefined }],
    ['without user and session', { sub: undefined }],
    ['with a user that is a number', { sub: 7 }],
    ['that has expired', { iat: now() - 600, exp: now() - 300 }],
    ['without an end, and old', { iat: now() - 600, exp: undefined }],
    ['that is made in the future', { iat: now() + 600, exp: now() + 700 }],
    ['without a time', { iat: undefined }],
  ])('is refused: one %s', async (_name, claims) => {
    await refused(await upstreamLogoutToken(world, claims));
  });

  it('is refused: one signed by somebody else, under a known key id or an unknown one', async () => {
    const key = await newLegacyKey();
    await refused(await upstreamLogoutToken(world, {}, { key }));
    const { kid } = world.upstream.signingKey();
    await refused(await upstreamLogoutToken(world, {}, { key: { ...key, kid } }));
  });

  it('is refused: an ID token, an access token, an unsigned one, and no token at all', async () => {
    await refused(await upstreamLogoutToken(world, {}, { header: { typ: 'at+jwt' } }));
    await refused(
      await upstreamLogoutToken(world, { events: undefined }, { header: { typ: 'JWT' } }),
    );
    const [, payload] = (await upstreamLogoutToken(world, {})).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    await refused(`${header}.${String(payload)}.`);
    await refused('nonsense');
    await refused('');
  });

  it('is refused: one that came before, at any replica', async () => {
    const token = await upstreamLogoutToken(world, { sub: 'nobody' });
    expect((await tellLogout(world, token)).status).toBe(200);
    await refused(token);
    const replica = await world.proxy.replica();
    const again = await fetch(`${replica.issuer}/oidc/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });
    expect(again.status).toBe(400);
    await replica.close();
  });

  it('ends nothing at another upstream client, though it names the same user', async () => {
    const answer = await tellLogout(
      world,
      await upstreamLogoutToken(world, { aud: 'legacy-bolt' }),
    );
    expect(answer.status).toBe(200);
    const ended = await world.database.db('sessions').whereNotNull('revoked_at').select('sid');
    expect(ended).toEqual([]);
  });
});

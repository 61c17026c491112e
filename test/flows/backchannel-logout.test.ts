import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { logOut } from '../support/logout.ts';
import type { LogoutReceiver } from '../support/logout-receiver.ts';
import { startLogoutReceiver } from '../support/logout-receiver.ts';
import { LOGOUT_EVENT, tellLogout, upstreamLogoutToken } from '../support/upstream/logout-token.ts';
import type { World } from '../support/world.ts';
import { createWorld, loggedOutAt } from '../support/world.ts';

describe('a logout that the provider tells of', () => {
  let world: World;
  const receivers = new Map<string, LogoutReceiver>();
  const receiver = (id: string): LogoutReceiver => {
    const found = receivers.get(id);
    if (found === undefined) throw new Error(`no receiver ${id}`);
    return found;
  };
  let offset = 0;

  beforeAll(async () => {
    for (const id of ['acme', 'bolt', 'open']) receivers.set(id, await startLogoutReceiver());
    const uri = (id: string) => ({ backchannel_logout_uri: receiver(id).uri });
    world = await createWorld(
      [
        { id: 'acme', client: uri('acme') },
        {
          id: 'bolt',
          client: { ...uri('bolt'), id_token_signed_response_alg: 'ES256' },
          software: { idTokenAlg: 'ES256' },
        },
        { id: 'open', client: { ...uri('open'), subject_type: 'public' } },
      ],
      { clock: () => new Date(Date.now() + offset) },
    );
  });
  afterAll(async () => {
    await world.close();
    for (const each of receivers.values()) await each.close();
  });
  beforeEach(() => {
    offset = 0;
    for (const each of receivers.values()) each.tokens.length = 0;
  });

  const opened = async (id: string, token: string | undefined) => {
    const jwks = createRemoteJWKSet(new URL(`${world.proxy.issuer}/oidc/jwks`));
    return jwtVerify(token ?? '', jwks, {
      issuer: world.proxy.issuer,
      audience: `${id}-web`,
      typ: 'logout+jwt',
    });
  };

  it('reaches every vendor of the session, each with its own subject and session id', async () => {
    const browser = new Browser();
    const acme = await world.vendor('acme').logIn(browser, 'alice');
    const bolt = await world.vendor('bolt').logIn(browser, 'alice');
    const returnTo = loggedOutAt(world.vendor('acme').redirectUri);
    const address = new URL(`${world.proxy.issuer}/oidc/logout`);
    address.searchParams.set('id_token_hint', acme.idToken);
    await logOut(browser, address, returnTo);
    for (const [id, tokens, alg] of [
      ['acme', acme, 'RS256'],
      ['bolt', bolt, 'ES256'],
    ] as const) {
      const [token] = await receiver(id).received(1);
      const { payload, protectedHeader } = await opened(id, token);
      expect(protectedHeader.alg).toBe(alg);
      expect(payload.sub).toBe(tokens.claims['sub']);
      expect(payload['sid']).toBe(tokens.claims['sid']);
      expect(payload['events']).toEqual({ [LOGOUT_EVENT]: {} });
      expect(payload).not.toHaveProperty('nonce');
    }
    expect(receiver('open').tokens).toEqual([]);
    expect(world.upstream.errors).toEqual([]);
  });

  it('ends the grants of the session', async () => {
    const vendor = world.vendor('acme');
    const tokens = await vendor.logIn(new Browser(), 'alice');
    const answer = await tellLogout(world, await upstreamLogoutToken(world, {}));
    expect(answer.status).toBe(200);
    await world.proxy.application.registry.refresh();
    await expect((await vendor.party()).refresh(tokens)).rejects.toThrow();
  });

  it('tells a client that knows the original subject that one, and keeps it nowhere', async () => {
    await world.vendor('open').logIn(new Browser(), 'bob');
    await tellLogout(world, await upstreamLogoutToken(world, { aud: 'legacy-open', sub: 'bob' }));
    const [token] = await receiver('open').received(1);
    const { payload } = await opened('open', token);
    expect(payload.sub).toBe('bob');
    const rows = await world.database.db('sessions').select('released_sub');
    expect(JSON.stringify(rows)).not.toContain(Buffer.from('bob').toString('hex'));
  });

  it('is told again to a vendor that was away, with a token of its own', async () => {
    await world.vendor('acme').logIn(new Browser(), 'bob');
    receiver('acme').statuses.push(503);
    await tellLogout(world, await upstreamLogoutToken(world, { sub: 'bob' }));
    await receiver('acme').received(1);
    offset = 60_000;
    const [first, second] = await receiver('acme').received(2);
    const [one, other] = [await opened('acme', first), await opened('acme', second)];
    expect(one.payload.jti).not.toBe(other.payload.jti);
  });

  it('is answered 200 where nobody was logged in, and makes no pseudonym', async () => {
    const count = async () => (await world.database.db('pseudonyms').select('sub')).length;
    const before = await count();
    const answer = await tellLogout(world, await upstreamLogoutToken(world, { sub: 'nobody' }));
    expect(answer.status).toBe(200);
    expect(await count()).toBe(before);
  });
});

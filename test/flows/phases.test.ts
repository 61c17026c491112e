import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { rolloutBoard } from '../../src/operations/rollout-board.ts';
import { rolloutRollback, rolloutSet } from '../../src/vendors/rollout.ts';
import type { RolloutSet } from '../../src/vendors/rollout-request.ts';
import { Browser } from '../support/browser.ts';
import type { TestProxy } from '../support/proxy.ts';
import { askUserinfo, authorize, basic, postForm } from '../support/steps.ts';
import type { JsonAnswer } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * An operator moves a client from the subjects that it knows to pairwise ones,
 * and back. Every step holds in every replica within 5 s; what was given out
 * before goes on with the subject that it had, but never with more claims.
 */

const WITHIN = 5000;
const PSEUDONYM = /^[a-z2-7]{52}$/;
const start = Date.now();
let passed = 0;
const clock = (): Date => new Date(start + passed * 1000);

let world: World;
let replica: TestProxy;
beforeAll(async () => {
  const inPublic = { client: { phase: 'public' } };
  world = await createWorld(
    [
      { id: 'moving', ...inPublic },
      { id: 'ending', ...inPublic },
      { id: 'strict', client: { phase: 'public', continuity_days: 0 } },
      { id: 'lasting', ...inPublic },
      { id: 'excluded', client: { subject_type: 'public' } },
      {
        id: 'bypass',
        authentication: 'forwarded',
        client: { ...inPublic.client, accept_bypass: false },
      },
    ],
    { clock },
  );
  replica = await world.proxy.replica();
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

describe('public → shadow → pairwise → back again', () => {
  it('public releases the original sub and claims, and makes no pseudonym', async () => {
    const { claims } = await world.vendor('moving').logIn(new Browser(), 'alice');
    expect(claims).toMatchObject({ sub: 'alice', email: 'alice@legacy.example' });
    expect(await pseudonymsOf('moving')).toBe(0);
  });

  it('shadow releases the same, and the pseudonym is there already', async () => {
    await set({ clientId: 'moving-web', phase: 'shadow' });
    await vi.waitFor(async () => {
      const { claims } = await world.vendor('moving').logIn(new Browser(), 'alice');
      expect(claims).toMatchObject({ sub: 'alice', email: 'alice@legacy.example' });
      expect(await pseudonymsOf('moving')).toBe(1);
    }, WITHIN);
  });

  it('the next gates know how logins in shadow went, from every replica that has written', async () => {
    const leaving = await world.proxy.replica();
    await claimsFrom(leaving, 'moving');
    await claimsFrom(leaving, 'moving');
    // The last counts are written when it ends.
    await leaving.close();
    const { next, gates } = await rolloutBoard(world.proxy.rollout, 'moving-web');
    expect(next).toBe('pilot_users');
    const [errors, mapped] = gates;
    expect(errors?.state).toBe('green');
    expect(Number(/^0 of (\d+) logins/.exec(errors?.message ?? '')?.[1])).toBeGreaterThanOrEqual(2);
    expect(mapped?.message).toMatch(/^1 user has a pseudonym/);
  });

  it('pairwise holds in both replicas, with the pseudonym made in shadow', async () => {
    await set({ clientId: 'moving-web', phase: 'pairwise' });
    for (const proxy of [world.proxy, replica]) {
      await vi.waitFor(async () => {
        const claims = await claimsFrom(proxy, 'moving');
        expect(claims['sub']).toMatch(PSEUDONYM);
        expect(claims).not.toHaveProperty('email');
      }, WITHIN);
    }
    expect(await pseudonymsOf('moving')).toBe(1);
    expect((await claimsFrom(replica, 'moving'))['sub']).toBe(
      (await claimsFrom(world.proxy, 'moving'))['sub'],
    );
  });

  it('a rollback restores the phase before in both, and another one the phase before that', async () => {
    for (const phase of ['shadow', 'public']) {
      const { version } = await rolloutRollback(world.proxy.rollout, {
        clientId: 'moving-web',
        actor: 'operator',
      });
      expect(version.phase).toBe(phase);
      for (const proxy of [world.proxy, replica]) {
        await vi.waitFor(
          async () => expect((await claimsFrom(proxy, 'moving'))['sub']).toBe('alice'),
          WITHIN,
        );
      }
    }
  });
});

describe('what was given out before a change', () => {
  it('keeps its sub in refresh and userinfo, and claims follow the stricter phase', async () => {
    const before = await world.vendor('lasting').logIn(new Browser(), 'alice');
    expect(before.claims).toHaveProperty('email');
    await set({ clientId: 'lasting-web', phase: 'pairwise' });
    await vi.waitFor(async () => {
      const userinfo = await askUserinfo(replica.issuer, before.accessToken);
      expect(userinfo.body).toEqual({ sub: 'alice' });
    }, WITHIN);
    await world.proxy.application.registry.refresh();
    const refreshed = await refresh(world.proxy, 'lasting', before.refreshToken);
    const claims = decodeJwt(String(refreshed.body['id_token']));
    expect(claims.sub).toBe('alice');
    for (const name of ['email', 'name', 'preferred_username', 'oid', 'picture']) {
      expect(claims).not.toHaveProperty(name);
    }

    const pairwise = await world.vendor('lasting').logIn(new Browser(), 'alice');
    expect(pairwise.claims['sub']).toMatch(PSEUDONYM);
    await rolloutRollback(world.proxy.rollout, { clientId: 'lasting-web', actor: 'operator' });
    await world.proxy.application.registry.refresh();
    const later = await refresh(world.proxy, 'lasting', pairwise.refreshToken);
    expect(decodeJwt(String(later.body['id_token'])).sub).toBe(pairwise.claims['sub']);
    const userinfo = await askUserinfo(world.proxy.issuer, String(later.body['access_token']));
    expect(userinfo.body['sub']).toBe(pairwise.claims['sub']);
    expect(userinfo.body).not.toHaveProperty('email');
  });

  it('ends at the deadline of the client', async () => {
    const tokens = await world.vendor('strict').logIn(new Browser(), 'alice');
    await set({ clientId: 'strict-web', phase: 'pairwise' });
    for (const proxy of [world.proxy, replica]) {
      await vi.waitFor(async () => {
        const userinfo = await askUserinfo(proxy.issuer, tokens.accessToken);
        expect([userinfo.status, userinfo.body['error']]).toEqual([401, 'invalid_token']);
      }, WITHIN);
      const refreshed = await refresh(proxy, 'strict', tokens.refreshToken);
      expect([refreshed.status, refreshed.body['error']]).toEqual([400, 'invalid_grant']);
    }
  });

  it('ends at once where the operator ends the sessions, and new logins work', async () => {
    const tokens = await world.vendor('ending').logIn(new Browser(), 'alice');
    await set({ clientId: 'ending-web', phase: 'pairwise', endSessions: true });
    for (const proxy of [world.proxy, replica]) {
      await vi.waitFor(async () => {
        const userinfo = await askUserinfo(proxy.issuer, tokens.accessToken);
        expect([userinfo.status, userinfo.body['error']]).toEqual([401, 'invalid_token']);
      }, WITHIN);
      const refreshed = await refresh(proxy, 'ending', tokens.refreshToken);
      expect([refreshed.status, refreshed.body['error']]).toEqual([400, 'invalid_grant']);
    }
    const anew = await world.vendor('ending').logIn(new Browser(), 'alice');
    const userinfo = await askUserinfo(replica.issuer, anew.accessToken);
    expect(userinfo.body['sub']).toBe(anew.claims['sub']);
  });
});

describe('pairwise is refused', () => {
  it('for a client of subject_type public', async () => {
    await expect(set({ clientId: 'excluded-web', phase: 'pairwise' })).rejects.toThrow(
      /subject_type.*public/,
    );
    await expect(set({ clientId: 'excluded-web', phase: 'shadow' })).rejects.toThrow();
    const { claims } = await world.vendor('excluded').logIn(new Browser(), 'alice');
    expect(claims['sub']).toBe('alice');
  });

  it('for a client that can go round the proxy, until somebody accepts that', async () => {
    await expect(set({ clientId: 'legacy-bypass', phase: 'pairwise' })).rejects.toThrow(
      /accept_bypass/,
    );
    await world.proxy.apply([
      {
        id: 'bypass',
        name: 'Vendor bypass',
        clients: [
          {
            client_id: 'legacy-bypass',
            redirect_uris: [world.vendor('bypass').redirectUri],
            phase: 'public',
            accept_bypass: true,
          },
        ],
      },
    ]);
    await set({ clientId: 'legacy-bypass', phase: 'pairwise' });
    await world.proxy.application.registry.refresh();
    const { claims } = await world.vendor('bypass').logIn(new Browser(), 'alice');
    expect(claims['sub']).toMatch(PSEUDONYM);
  });
});

// Last, since it moves the clock: 30 days are the default.
it('thirty days after the change what was given out before is over', async () => {
  const tokens = await world.vendor('lasting').logIn(new Browser(), 'bob');
  await set({ clientId: 'lasting-web', phase: 'pairwise' });
  await world.proxy.application.registry.refresh();
  expect((await refresh(world.proxy, 'lasting', tokens.refreshToken)).status).toBe(200);
  passed = 30 * 24 * 3600 + 60;
  await world.proxy.application.registry.refresh();
  const refreshed = await refresh(world.proxy, 'lasting', tokens.refreshToken);
  expect([refreshed.status, refreshed.body['error']]).toEqual([400, 'invalid_grant']);
});

async function set(request: Omit<RolloutSet, 'actor'>): Promise<void> {
  await rolloutSet(world.proxy.rollout, { ...request, actor: 'operator' });
}

/** The ID token claims that a replica gives for a login of alice. */
async function claimsFrom(proxy: TestProxy, id: string): Promise<Record<string, unknown>> {
  const vendor = world.vendor(id);
  const { callback, pending } = await authorize(vendor, new Browser(), 'alice');
  const answer = await postForm(
    `${proxy.issuer}/oidc/token`,
    {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: vendor.redirectUri,
      code_verifier: pending.codeVerifier,
    },
    basic(vendor.clientId, vendorSecret(id)),
  );
  return decodeJwt(String(answer.body['id_token']));
}

function refresh(
  proxy: TestProxy,
  id: string,
  refreshToken: string | undefined,
): Promise<JsonAnswer> {
  return postForm(
    `${proxy.issuer}/oidc/token`,
    { grant_type: 'refresh_token', refresh_token: refreshToken ?? '' },
    basic(`${id}-web`, vendorSecret(id)),
  );
}

/** How many pseudonyms there are in the sector of a vendor. */
async function pseudonymsOf(id: string): Promise<number> {
  const sector = new URL(world.vendor(id).redirectUri).host;
  const rows: unknown[] = await world.database
    .db('pseudonyms')
    .where({ sector: Buffer.from(sector) });
  return rows.length;
}

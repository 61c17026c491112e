import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eraseSubject } from '../../src/operations/erase-subject.ts';
import { AdminClient } from '../support/admin.ts';
import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import { IDENTIFIER_CHANGED, operationContext, poll, subjectAt } from '../support/events.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Two vendors whose sectors are linked by the operator know their users by the same subjects
 * from then on, and a third one by others. What was given before stays good where it is out.
 */
const TOKEN = 'environment-token-0123456789-0123456789';
const PAIR = { sector: 'bolt', into: 'acme', vendors: ['acme', 'bolt'] } as const;

describe.each(['sqlite', 'mysql'] as const)('two linked sectors, on %s', (dialect) => {
  let world: World;
  let api: AdminClient;
  beforeAll(async () => {
    const events = { delivery: 'poll' };
    world = await createWorld(
      ['acme', 'bolt', 'corp'].map((id) => ({ id, client: { sector: id, events } })),
      { dialect, environment: { ADMIN_TOKEN: TOKEN } },
    );
    api = await AdminClient.open(world.proxy.adminUrl, TOKEN);
  });
  afterAll(() => world.close());

  const everywhere = async (user: string) => {
    const [acme, bolt, corp] = [
      await subjectAt(world, 'acme', user),
      await subjectAt(world, 'bolt', user),
      await subjectAt(world, 'corp', user),
    ];
    return { acme, bolt, corp };
  };
  const told = async (vendor: string) => {
    const { body } = await poll(world.proxy.issuer, vendor);
    const sets = body.sets ?? {};
    await poll(world.proxy.issuer, vendor, { ack: Object.keys(sets), maxEvents: 0 });
    return Object.values(sets).map((token) => {
      const { sub_id: old, events } = decodeJwt(token) as unknown as {
        sub_id: { sub: string };
        events: Record<string, { 'new-value': string }>;
      };
      return [old.sub, events[IDENTIFIER_CHANGED]?.['new-value']];
    });
  };
  const post = (path: string, body: object) => api.call('POST', `/sectors/${path}`, { body });

  it('live through it: before, while tokens are out, after, and when they part', async () => {
    const bolt = vendorByHand(world, 'bolt');
    const before = await everywhere('alice');
    expect(new Set(Object.values(before)).size).toBe(3);
    const bob = await subjectAt(world, 'bolt', 'bob');
    const tokens = await bolt.logIn(new Browser(), 'alice');

    const unnamed = await post('link', { ...PAIR, vendors: [], confirm: true });
    expect([unnamed.status, unnamed.body['code']]).toEqual([422, 'entry_invalid']);
    const asked = await post('link', PAIR);
    expect(asked.body).toMatchObject({ code: 'confirmation_required', users: 3 });
    expect(asked.body['detail']).toContain('can then tell which users they have in common');
    const done = await post('link', { ...PAIR, confirm: true, reason: 'contract 2026-18' });
    expect(done.body).toMatchObject({ linked_into: 'acme', carried: 2, merged: 1 });

    // What is out goes on with the subject that it has.
    const standing = { sub: before.bolt };
    expect(members(await bolt.userinfo(tokens.accessToken))).toMatchObject(standing);
    const refreshed = await bolt.refresh(tokens.refreshToken);
    expect(decodeJwt(member(refreshed, 'id_token'))).toMatchObject(standing);

    // The old subject is a good hint, and the login it leads to has the shared one.
    const begun = await bolt.begin(new Browser(), 'alice', { id_token_hint: tokens.idToken });
    const shared = decodeJwt(member(await bolt.redeem(begun), 'id_token'));
    expect(shared.sub).toBe(before.acme);
    expect(await everywhere('alice')).toEqual({ ...before, bolt: before.acme });
    expect(await told('bolt')).toEqual([[before.bolt, before.acme]]);
    expect(await told('acme')).toEqual([]);
    const both = await everywhere('bob');
    expect(both).toMatchObject({ acme: bob, bolt: bob });
    expect(both.corp).not.toBe(bob);
    const { body: listed } = await api.call('GET', '/sectors');
    expect(listed['items']).toContainEqual(
      expect.objectContaining({ sector: 'bolt', linked_into: 'acme', link_state: 'linked' }),
    );

    const parted = await post('unlink', { sector: 'bolt', confirm: true });
    expect(parted.body).toMatchObject({ unlinked_from: 'acme', shared: 2, kept: false });
    const after = await everywhere('alice');
    expect(after).toMatchObject({ acme: before.acme, corp: before.corp });
    expect([before.bolt, before.acme]).not.toContain(after.bolt);
    const changes = (await told('bolt')).filter(([, sub]) => sub === after.bolt);
    expect(new Set(changes.map(([old]) => old))).toEqual(new Set([before.acme, before.bolt]));
    expect(await told('acme')).toEqual([]);
    expect(await told('corp')).toEqual([]);
  });

  it('end with an erased user, also the tokens from before they were linked', async () => {
    const bolt = vendorByHand(world, 'bolt');
    const early = await bolt.logIn(new Browser(), 'alice');
    await post('link', { ...PAIR, confirm: true });
    const late = await bolt.logIn(new Browser(), 'alice');
    const before = await everywhere('alice');
    await eraseSubject(operationContext(world.proxy), 'alice', { actor: 'test' });
    await world.proxy.application.registry.refresh();
    for (const { accessToken, refreshToken } of [early, late]) {
      expect(members(await bolt.userinfo(accessToken))['error']).toBe('invalid_token');
      expect(members(await bolt.refresh(refreshToken))['error']).toBe('invalid_grant');
    }
    const again = await everywhere('alice');
    expect(again.acme).toBe(again.bolt);
    expect(Object.values(before)).not.toContain(again.acme);
    await post('unlink', { sector: 'bolt', keep_subjects: true, confirm: true });
    const kept = await everywhere('alice');
    expect(kept).toEqual(again);
  });
});

/*
 * An event says which subject took the place of which, so it is worth most to whoever it is
 * not meant for: two vendors that could see each other's events, or one that learnt of users
 * who never came to it, would know more than their own logins ever told them. Events carry
 * pseudonyms of the one sector, of users whom that very client was given, and nothing else.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { basic, IDENTIFIER_CHANGED, poll, rotate, subjectAt } from '../support/events.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const OTHER_SECRET = 'bolt-app-secret-at-the-proxy-0123456789';
const POLL = { delivery: 'poll' };

let world: World;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme', client: { sector: 'acme', events: POLL } },
    { id: 'bolt', client: { sector: 'bolt', events: POLL } },
  ]);
  // Of the same vendor and sector as bolt-web, but nobody ever logged in there.
  const other = {
    ...{ client_id: 'bolt-app', client_secret: OTHER_SECRET, sector: 'bolt', events: POLL },
    redirect_uris: ['https://app.bolt.example/callback'],
    upstream: { client_id: 'legacy-bolt-app', client_secret: 'of-the-upstream-0123456789' },
  };
  await world.proxy.apply([{ id: 'bolt', clients: [other] }]);
});
afterAll(() => world.close());

/** What a client is told now, by `jti`; taken with it. */
async function told(client: 'acme-web' | 'bolt-web' | 'bolt-app') {
  const { issuer } = world.proxy;
  const [vendor = ''] = client.split('-');
  const credential = client === 'bolt-app' ? basic(client, OTHER_SECRET) : undefined;
  const { status, body } = await poll(issuer, vendor, {}, credential);
  expect(status).toBe(200);
  const sets = body.sets ?? {};
  await poll(issuer, vendor, { ack: Object.keys(sets), maxEvents: 0 }, credential);
  return Object.entries(sets).map(([jti, token]) => ({ jti, claims: decodeJwt(token) }));
}

describe('an event', () => {
  it('names the subject that the client was given and the new one, and no other', async () => {
    const old = await subjectAt(world, 'acme', 'alice');
    const { newSub } = await rotate(world.proxy, 'acme', 'alice');
    const [event, ...others] = await told('acme-web');
    expect(others).toEqual([]);
    const { issuer: iss } = world.proxy;
    const { iat, jti, ...claims } = event?.claims ?? {};
    expect(claims).toEqual({
      ...{ iss, aud: 'acme-web', sub_id: { format: 'iss_sub', iss, sub: old } },
      events: { [IDENTIFIER_CHANGED]: { 'new-value': newSub } },
    });
    expect([typeof iat, jti]).toEqual(['number', event?.jti]);
  });

  it('is meant for the client that gets it', async () => {
    await subjectAt(world, 'bolt', 'alice');
    await rotate(world.proxy, 'bolt', 'alice');
    expect((await told('bolt-web')).map(({ claims }) => claims.aud)).toEqual(['bolt-web']);
  });

  it('is not for a client that was never given the subject, also in the same sector', async () => {
    await subjectAt(world, 'bolt', 'alice');
    await rotate(world.proxy, 'bolt', 'alice');
    expect(await told('bolt-app')).toEqual([]);
    expect(await told('bolt-web')).toHaveLength(1);
  });

  it('is not for a client that was given a later subject alone', async () => {
    await subjectAt(world, 'bolt', 'alice');
    const { oldSub, newSub } = await rotate(world.proxy, 'bolt', 'alice');
    await gave('bolt-app', newSub);
    const { newSub: newest } = await rotate(world.proxy, 'bolt', 'alice');
    const subjects = (await told('bolt-app')).map(({ claims }) => JSON.stringify(claims));
    expect(subjects).toHaveLength(1);
    expect(subjects[0]).toContain(newest);
    expect(subjects[0]).not.toContain(oldSub);
    await told('bolt-web');
  });

  it('is not for a client of another sector, also where the subject was brought along', async () => {
    await subjectAt(world, 'bolt', 'bob');
    const { db } = world.database;
    await db('pseudonyms')
      .where({ sector: Buffer.from('bolt') })
      .update({ algorithm: 'imported' });
    await rotate(world.proxy, 'bolt', 'bob');
    expect(await told('acme-web')).toEqual([]);
    expect(await told('bolt-web')).toHaveLength(1);
    await told('bolt-app');
  });

  it('has another id for each client', async () => {
    const sub = await subjectAt(world, 'bolt', 'alice');
    await gave('bolt-app', sub);
    await rotate(world.proxy, 'bolt', 'alice');
    const [one, other] = [await told('bolt-web'), await told('bolt-app')];
    expect([one.length, other.length]).toEqual([1, 1]);
    expect(one[0]?.jti).not.toBe(other[0]?.jti);
  });

  it('is not about a user who is shown the original subject', async () => {
    await subjectAt(world, 'acme', 'alice');
    const { rollout, application } = world.proxy;
    const phase = async (percent: number | undefined) => {
      const narrowed = percent === undefined ? {} : { percent };
      const request = { clientId: 'acme-web', phase: 'pairwise', actor: 'test' } as const;
      await rolloutSet(rollout, { ...request, ...narrowed });
      await application.registry.refresh();
    };
    await phase(0);
    await rotate(world.proxy, 'acme', 'alice');
    expect(await told('acme-web')).toEqual([]);
    await phase(undefined);
  });

  it('is not told when the grace is over', async () => {
    await subjectAt(world, 'acme', 'alice');
    await rotate(world.proxy, 'acme', 'alice');
    await world.database.db('subject_changes').update({ expires_at: Date.now() - 1 });
    expect(await told('acme-web')).toEqual([]);
  });
});

/** As if a user with this subject had come to a client for the first time. */
async function gave(clientId: string, sub: string): Promise<void> {
  const { db } = world.database;
  const row = await db('pseudonyms')
    .where({ sub: Buffer.from(sub) })
    .first();
  const { sector, user_index: userIndex, generation } = row;
  await db('given_subjects')
    .where({ client_id: Buffer.from(clientId) })
    .del();
  const given = { client_id: Buffer.from(clientId), sector, user_index: userIndex, generation };
  await db('given_subjects').insert(given);
}

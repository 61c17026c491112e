/*
 * The one place where a vendor that names a user by the original subject is told a
 * pseudonym, and the one claim in which an original subject may stand. Both are for
 * users whom the vendor knows under that subject, and for the vendor alone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import { askMapping, mapped, mappingToken } from '../support/mapping.ts';
import { askUserinfo } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const dual = (until: string) => ({
  client: { migration: { mode: 'dual', claim: 'legacy_sub', until } },
});

let world: World;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme', client: { phase: 'shadow' } },
    { id: 'bolt', client: { phase: 'shadow' } },
    { id: 'over', ...dual('2020-01-01') },
    { id: 'during', ...dual('2999-01-01') },
  ]);
});
afterAll(() => world.close());

describe('the mapping of a vendor', () => {
  it('names users whom it was given, and nobody else, in its own sector', async () => {
    await world.vendor('acme').logIn(new Browser(), 'alice');
    await world.vendor('bolt').logIn(new Browser(), 'alice');
    for (const id of ['acme', 'bolt']) {
      await rolloutSet(world.proxy.rollout, {
        ...{ clientId: `${id}-web`, phase: 'pairwise', actor: 'test' },
      });
    }
    await world.proxy.application.registry.refresh();
    const alice = await world.vendor('acme').logIn(new Browser(), 'alice');
    const elsewhere = await world.vendor('bolt').logIn(new Browser(), 'alice');
    // Bob came when acme was pairwise already: it never had him as `bob`.
    await world.vendor('acme').logIn(new Browser(), 'bob');
    const token = await mappingToken(world.proxy, 'acme-web');

    const olds = ['alice', 'bob', 'nobody', String(alice.claims['sub'])];
    const answer = await askMapping(world.proxy, token, { subjects: olds }, '?client_id=bolt-web');
    expect(mapped(answer)).toEqual([alice.claims['sub'], null, null, null]);
    expect(answer.body).not.toContain(String(elsewhere.claims['sub']));
    expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['subjects']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});

describe('the claim of a client in mode dual', () => {
  it('holds the original subject before its end date, in ID token and userinfo', async () => {
    const { claims, accessToken } = await world.vendor('during').logIn(new Browser(), 'alice');
    expect(claims['legacy_sub']).toBe('alice');
    expect(claims['sub']).not.toBe('alice');
    const { body } = await askUserinfo(world.proxy.issuer, accessToken);
    expect(body['legacy_sub']).toBe('alice');
  });

  it('is gone from the end date on, by itself', async () => {
    const { claims, accessToken } = await world.vendor('over').logIn(new Browser(), 'alice');
    expect(JSON.stringify(claims)).not.toContain('alice');
    const { body } = await askUserinfo(world.proxy.issuer, accessToken);
    expect(JSON.stringify(body)).not.toContain('alice');
  });
});

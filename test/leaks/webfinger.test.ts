import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ask, members } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * WebFinger (RFC 7033) is asked by anybody, without a credential, for any name.
 * It must tell where to log in, and nothing of whether such a user exists.
 */

const RELATION = 'http://openid.net/specs/connect/1.0/issuer';

describe.each([undefined, '/tenants/one'])('with an issuer at path %s', (path) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(undefined, {
      environment: path === undefined ? {} : { ISSUER_PATH: path },
    });
  });
  afterAll(() => world.close());

  it.each([
    'acct:alice@legacy.example',
    'acct:bob@legacy.example',
    'acct:nobody@nowhere.example',
    'https://legacy.example/bob',
  ])('answers for %s with our issuer', async (resource) => {
    const answer = await finger({ resource, rel: RELATION });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/jrd\+json/);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const links = [{ rel: RELATION, href: world.proxy.issuer }];
    expect(members(answer)).toEqual({ subject: resource, links });
  });

  it('answers another relation with no link', async () => {
    const answer = await finger({ resource: 'acct:alice@legacy.example', rel: 'avatar' });
    expect(members(answer)).toEqual({ subject: 'acct:alice@legacy.example', links: [] });
  });

  it.each([{}, { resource: '' }, { resource: 'alice' }, { resource: `acct:${'x'.repeat(1100)}` }])(
    'refuses what is no resource, %#',
    async (query) => {
      expect((await finger(query)).status).toBe(400);
    },
  );

  it('asks nobody', async () => {
    const before = world.upstream.requests.length;
    await finger({ resource: 'acct:alice@legacy.example' });
    expect(world.upstream.requests).toHaveLength(before);
  });

  function finger(query: Readonly<Record<string, string>>) {
    const url = new URL('/.well-known/webfinger', world.proxy.issuer);
    url.search = new URLSearchParams(query).toString();
    return ask(url);
  }
});

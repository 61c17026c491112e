import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { authorize } from '../support/steps.ts';
import { openPlainRelyingParty } from '../support/vendors/oauth4webapi.ts';
import { reservePlace } from '../support/vendors/vendor.ts';
import type { World, WorldOptions } from '../support/world.ts';
import { ACME_AND_BOLT, createWorld } from '../support/world.ts';

/*
 * Where the proxy and the upstream stand: under a path, at an address that is
 * not the upstream's name, and in the place of the upstream itself.
 */

const takenOver = async (): Promise<WorldOptions> => {
  const { port } = await reservePlace({});
  return { port, upstream: { issuer: `http://localhost:${port}` } };
};

describe.each([
  ['ISSUER has a path', async (): Promise<WorldOptions> => underPath('/realms/main')],
  [
    'UPSTREAM_ISSUER is a name that leads nowhere, and UPSTREAM_URL the address',
    async (): Promise<WorldOptions> => ({ upstream: { issuer: 'http://login.legacy.invalid' } }),
  ],
  [
    'both at once',
    async (): Promise<WorldOptions> => ({
      ...underPath('/id'),
      upstream: { issuer: 'http://login.legacy.invalid' },
    }),
  ],
  ['ISSUER takes over the name of UPSTREAM_ISSUER', takenOver],
])('%s', (_name, choose) => {
  let world: World;
  beforeAll(async () => {
    const [acme, bolt] = ACME_AND_BOLT;
    world = await createWorld(
      [acme ?? { id: 'acme' }, { ...bolt, id: 'bolt', library: openPlainRelyingParty }],
      await choose(),
    );
  });
  afterAll(() => world.close());

  it.each(['acme', 'bolt'])('%s logs a user in, asks userinfo and refreshes', async (id) => {
    const vendor = world.vendor(id);
    const tokens = await vendor.logIn(new Browser(), 'alice');
    const party = await vendor.party();
    expect(tokens.claims).toMatchObject({ iss: world.proxy.issuer });
    expect(tokens.claims['sub']).toMatch(/^[a-z2-7]{52}$/);
    expect((await party.userinfo(tokens))['sub']).toBe(tokens.claims['sub']);
    expect((await party.refresh(tokens)).claims['sub']).toBe(tokens.claims['sub']);
  });

  it('the browser stays at the proxy until it comes back to the vendor', async () => {
    const browser = new Browser();
    const { callback } = await authorize(world.vendor('acme'), browser, 'alice');
    expect(callback.href.startsWith(world.vendor('acme').redirectUri)).toBe(true);
    expect(callback.searchParams.get('iss')).toBe(world.proxy.issuer);
    for (const { url } of browser.pages) {
      expect(url.href).toMatch(`${world.proxy.issuer}/`);
    }
  });

  it('a login that needs no page works as well', async () => {
    const browser = new Browser();
    const first = await world.vendor('acme').logIn(browser, 'alice');
    const answered = await authorize(world.vendor('acme'), browser, 'alice', { prompt: 'none' });
    const again = await answered.party.finish(answered.callback, answered.pending);
    expect(again.claims['sub']).toBe(first.claims['sub']);
  });

  it('its metadata stand where the specifications look for them', async () => {
    const { origin, pathname } = new URL(world.proxy.issuer);
    const path = pathname === '/' ? '' : pathname;
    for (const address of [
      // OpenID Connect Discovery 4: appended.
      `${world.proxy.issuer}/.well-known/openid-configuration`,
      // RFC 8414 3.1: inserted.
      `${origin}/.well-known/oauth-authorization-server${path}`,
    ]) {
      const answer = await fetch(address);
      expect(await answer.json()).toMatchObject({ issuer: world.proxy.issuer });
    }
  });
});

it('what lies beside the path of ISSUER is not served', async () => {
  const world = await createWorld(ACME_AND_BOLT, underPath('/realms/main'));
  try {
    const { origin } = new URL(world.proxy.issuer);
    for (const path of ['/', '/oidc/jwks', '/auth', '/realms/mainly', '/realms']) {
      expect((await fetch(origin + path)).status, path).toBe(404);
    }
  } finally {
    await world.close();
  }
});

function underPath(path: string): WorldOptions {
  return { environment: { ISSUER_PATH: path } };
}

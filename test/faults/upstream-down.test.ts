import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { ask, members, vendorByHand } from '../support/by-hand.ts';
import { expectRefused } from '../support/refused.ts';
import type { Expected } from '../support/refused.ts';
import { forgedIdToken, signedByUnknownKey } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const AWAY = {
  status: 503,
  error: 'temporarily_unavailable',
  reason: 'upstream_unavailable',
  retryAfter: 5,
} as const;

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}

describe('an upstream that is down before the proxy starts', () => {
  let world: World;
  let acme: VendorByHand;
  beforeAll(async () => {
    world = await createWorld();
    acme = vendorByHand(world, 'acme');
    await world.upstream.stop();
  });
  afterAll(() => world.close());

  it('is told by readiness and by every login, and ends by itself', async () => {
    const proxy = await world.proxy.replica();
    const late = { upstream: world.upstream, proxy };
    try {
      expect((await ask(`${proxy.adminUrl}/livez`)).status).toBe(200);
      const readiness = await ask(`${proxy.adminUrl}/readyz`);
      expect(readiness.status).toBe(503);
      expect(members(readiness)['checks']).toMatchObject({ upstream: false, database: true });
      for (const path of ['/.well-known/openid-configuration', '/oidc/jwks']) {
        expect((await ask(`${proxy.issuer}${path}`)).status).toBe(200);
      }

      const { url, state } = acme.request();
      url.host = new URL(proxy.issuer).host;
      const sentBack: Expected = {
        ...{ status: 303, error: 'temporarily_unavailable', reason: 'upstream_unavailable' },
        redirect: { to: acme.redirectUri, state },
      };
      await expectRefused(late, sentBack, () => ask(url));
      await expectRefused(late, AWAY, () => ask(`${proxy.issuer}/interaction/abc`));

      await world.upstream.restart();
      await until(async () => (await ask(`${proxy.adminUrl}/readyz`)).status === 200);
      const answer = await ask(url);
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toContain(`${proxy.issuer}/auth?`);
    } finally {
      await proxy.close();
    }
  });
});

describe('an upstream that goes away later', () => {
  let world: World;
  let acme: VendorByHand;
  beforeAll(async () => {
    world = await createWorld();
    acme = vendorByHand(world, 'acme');
  });
  afterAll(() => world.close());

  it('fails what needs it, with Retry-After, and nothing is lost when it comes back', async () => {
    const browser = new Browser();
    const tokens = await acme.logIn(browser);
    const begun = await acme.begin(browser);
    const page = await browser.open(acme.request().url);
    await world.upstream.stop();

    const { accessToken, refreshToken } = tokens;
    await expectRefused(world, AWAY, () => acme.redeem(begun), [begun.code]);
    await expectRefused(world, AWAY, () => acme.refresh(refreshToken), [refreshToken]);
    await expectRefused(world, AWAY, () => acme.userinfo(accessToken), [accessToken]);
    await expectRefused(world, AWAY, () => browser.open(page.location ?? ''));
    expect((await ask(`${world.proxy.issuer}/.well-known/openid-configuration`)).status).toBe(200);
    expect((await ask(`${world.proxy.adminUrl}/livez`)).status).toBe(200);

    await world.upstream.restart();
    expect((await acme.redeem(begun)).status).toBe(200);
    expect((await acme.refresh(refreshToken)).status).toBe(200);
    expect((await acme.userinfo(accessToken)).status).toBe(200);
  });

  it('may come back with another key: unknown, it is looked for once', async () => {
    await world.upstream.rotateKeys();
    await expect(acme.logIn(new Browser())).resolves.toBeDefined();
  });

  it('is not asked for keys again and again when key ids are invented', async () => {
    const browser = new Browser();
    const logins = [];
    for (let n = 0; n < 12; n += 1) logins.push(await acme.begin(browser));
    const asked = (): number =>
      world.upstream.requests.filter(({ url }) => url.pathname === '/jwks').length;
    const before = asked();
    world.upstream.faults.arm('token', forgedIdToken(signedByUnknownKey()));
    const answers = await Promise.all(logins.map((begun) => acme.redeem(begun)));
    world.upstream.faults.clear();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]));
    expect(asked() - before).toBeLessThanOrEqual(1);
    await expect(acme.logIn(new Browser())).resolves.toBeDefined();
  });
});

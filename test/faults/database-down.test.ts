import { decodeJwt } from 'jose';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import type { TestDatabase } from '../support/database.ts';
import { worldOn } from '../support/mariadb-world.ts';
import type { MariadbServer } from '../support/mariadb.ts';
import { startMariadb } from '../support/mariadb.ts';
import { DpopKey, tokenRequest } from '../support/dpop.ts';
import { expectRefused } from '../support/refused.ts';
import { openTcpGate } from '../support/tcp-gate.ts';
import type { TcpGate } from '../support/tcp-gate.ts';
import type { VendorKey } from '../support/signing-client.ts';
import {
  assertionClaims,
  assertionForm,
  newVendorKey,
  signedJwt,
  signingWith,
} from '../support/signing-client.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';

const AWAY = {
  status: 503,
  error: 'temporarily_unavailable',
  reason: 'database_unavailable',
  retryAfter: 5,
} as const;
const STALE = { ...AWAY, reason: 'configuration_stale' } as const;
const MAX_STALENESS = 60;

const VENDORS = [{ id: 'acme' }, { id: 'spa', authentication: 'public' }] as const;

const environment = { MAX_STALENESS: String(MAX_STALENESS) };

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(25);
}

describe('a database that goes away', () => {
  let server: MariadbServer;
  let world: World;
  let direct: TestDatabase;
  let acme: VendorByHand;
  let spa: VendorByHand;
  let ahead = 0;
  beforeAll(async () => {
    server = await startMariadb();
    ({ world, direct } = await worldOn(server, VENDORS, {
      ...{ environment, clock: () => new Date(Date.now() + ahead * 1000) },
    }));
    acme = vendorByHand(world, 'acme');
    spa = vendorByHand(world, 'spa');
  });
  afterAll(async () => {
    await world.close();
    await direct.close();
    await server.close();
  });

  const registry = () => world.proxy.application.registry;
  const asked = (): number =>
    world.upstream.requests.filter(({ url }) => url.pathname === '/token').length;

  it('stops what needs a row at once and the rest when it is stale, and loses nothing', async () => {
    const browser = new Browser();
    const tokens = await acme.logIn(browser);
    const spaTokens = await spa.logIn(browser);
    const known = await acme.begin(browser);
    const newcomer = await acme.begin(new Browser(), 'bob');
    const atSpa = await spa.begin(browser);
    const { issuer, adminUrl } = world.proxy;
    const key = await DpopKey.generate();
    await server.stop();

    // The outage is not known yet: the first who meets it is refused all the same.
    await expectRefused(world, AWAY, () => acme.redeem(known), [known.code]);

    await until(() => !registry().databaseUp);
    expect((await ask(`${adminUrl}/readyz`)).status).toBe(503);
    expect((await ask(`${adminUrl}/livez`)).status).toBe(200);
    const before = asked();
    const began = Date.now();
    await expectRefused(world, AWAY, () => acme.redeem(known), [known.code]);
    await expectRefused(world, AWAY, () => acme.redeem(newcomer), [newcomer.code]);
    await expectRefused(world, AWAY, () => spa.redeem(atSpa), [atSpa.code]);
    const { refreshToken } = spaTokens;
    await expectRefused(world, AWAY, () => spa.refresh(refreshToken), [refreshToken]);
    // Nor can a proof be told from its copy.
    const proof = await key.proof('POST', `${issuer}/oidc/token`);
    const bound = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken };
    await expectRefused(world, AWAY, () => tokenRequest(acme, issuer, bound, proof), [proof]);
    expect(asked(), 'the upstream is not asked').toBe(before);
    expect(Date.now() - began, 'nobody waits for a database that is known to be away').toBeLessThan(
      2000,
    );

    // What neither writes nor consumes a row goes on, a whole login page included.
    for (const path of ['/.well-known/openid-configuration', '/oidc/jwks']) {
      expect((await ask(`${issuer}${path}`)).status).toBe(200);
    }
    expect(members(await acme.userinfo(tokens.accessToken))['sub']).toMatch(/^[a-z2-7]{52}$/);
    const refreshed = await acme.refresh(tokens.refreshToken);
    expect(refreshed.status).toBe(200);
    const begun = await acme.begin(browser);
    expect(begun.callback.searchParams.get('state')).toBe(begun.state);
    await expectRefused(world, AWAY, () => acme.redeem(begun), [begun.code]);

    ahead = MAX_STALENESS + 5;
    const latest = member(refreshed, 'refresh_token');
    await expectRefused(world, STALE, () => ask(acme.request().url));
    await expectRefused(world, STALE, () => acme.userinfo(tokens.accessToken), [
      tokens.accessToken,
    ]);
    await expectRefused(world, STALE, () => acme.refresh(latest), [latest]);
    await expectRefused(world, STALE, () => ask(`${issuer}/.well-known/openid-configuration`));
    await expectRefused(world, STALE, () => ask(`${issuer}/oidc/jwks`));

    await server.start();
    await until(() => registry().databaseUp);
    for (const [vendor, refused] of [
      [acme, known],
      [acme, newcomer],
      [spa, atSpa],
      [acme, begun],
    ] as const) {
      const answer = await vendor.redeem(refused);
      expect(answer.status, answer.body).toBe(200);
      expect(decodeJwt(member(answer, 'id_token')).sub).toMatch(/^[a-z2-7]{52}$/);
    }
    expect((await spa.refresh(refreshToken)).status).toBe(200);
    expect((await acme.refresh(latest)).status).toBe(200);
    expect((await ask(`${adminUrl}/readyz`)).status).toBe(200);
  });

  it('gives no subject when it goes away while the upstream answers', async () => {
    const newcomer = await acme.begin(new Browser(), 'alice');
    const { refreshToken } = await spa.logIn(new Browser());
    const takesTheDatabaseAway = altered(async (answer) => {
      await server.stop();
      return answer;
    });
    world.upstream.faults.arm('token', takesTheDatabaseAway, 1);
    await expectRefused(world, AWAY, () => acme.redeem(newcomer), [newcomer.code]);
    await server.start();
    await until(() => registry().databaseUp);
    await registry().refresh();

    world.upstream.faults.arm('token', takesTheDatabaseAway, 1);
    await expectRefused(world, AWAY, () => spa.refresh(refreshToken), [refreshToken]);
    await server.start();
    await until(() => registry().databaseUp);
    await registry().refresh();
    await expect(acme.logIn(new Browser(), 'bob')).resolves.toBeDefined();
  });
});

describe('a database that falls silent, its connections open', () => {
  let server: MariadbServer;
  let gate: TcpGate;
  let world: World;
  let direct: TestDatabase;
  let acme: VendorByHand;
  beforeAll(async () => {
    server = await startMariadb();
    gate = await openTcpGate(Number(new URL(server.url).port));
    ({ world, direct } = await worldOn(server, VENDORS, { environment, through: gate }));
    acme = vendorByHand(world, 'acme');
  });
  afterAll(async () => {
    gate.thaw();
    await world.close();
    await direct.close();
    await gate.close();
    await server.close();
  });

  it('is given up, then known to be away, and taken up again', async () => {
    const tokens = await acme.logIn(new Browser());
    const first = await acme.begin(new Browser());
    const second = await acme.begin(new Browser());
    gate.freeze();
    await expectRefused(world, AWAY, () => acme.redeem(first), [first.code]);
    await until(() => !world.proxy.application.registry.databaseUp);
    const began = Date.now();
    await expectRefused(world, AWAY, () => acme.redeem(second), [second.code]);
    expect(Date.now() - began).toBeLessThan(2000);
    expect((await acme.userinfo(tokens.accessToken)).status).toBe(200);
    gate.thaw();
    await until(() => world.proxy.application.registry.databaseUp);
    expect((await acme.redeem(first)).status).toBe(200);
    expect((await acme.redeem(second)).status).toBe(200);
  });
});

describe('a signed credential while the database is away', () => {
  let server: MariadbServer;
  let world: World;
  let direct: TestDatabase;
  let key: VendorKey;
  beforeAll(async () => {
    server = await startMariadb();
    key = await newVendorKey('ES256');
    const client = {
      client_secret: undefined,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
    };
    ({ world, direct } = await worldOn(server, [{ id: 'signs', client }], { environment }));
  });
  afterAll(async () => {
    await world.close();
    await direct.close();
    await server.close();
  });

  it('is refused at every endpoint, for nobody could tell it from its copy, and is still good later', async () => {
    const { issuer } = world.proxy;
    const vendor = vendorByHand(world, 'signs');
    const { code, verifier } = await vendor.begin(new Browser());
    const redeeming = {
      ...{ grant_type: 'authorization_code', code, code_verifier: verifier },
      redirect_uri: vendor.redirectUri,
    };
    const assertion = await signedJwt(assertionClaims('signs-web', issuer), signingWith(key));
    const present = (endpoint: string, form: Readonly<Record<string, string>>) =>
      ask(`${issuer}/oidc/${endpoint}`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...form, ...assertionForm(assertion) }).toString(),
      });
    const { registry } = world.proxy.application;
    await server.stop();
    const before = world.upstream.requests.filter(({ method }) => method === 'POST').length;
    const secrets = [assertion, code];
    await expectRefused(world, AWAY, () => present('token', redeeming), secrets);
    await until(() => !registry.databaseUp);
    await expectRefused(world, AWAY, () => present('token', redeeming), secrets);
    for (const endpoint of ['introspect', 'revoke']) {
      await expectRefused(world, AWAY, () => present(endpoint, { token: 'made-up' }), secrets);
    }
    const pushed = Object.fromEntries(vendor.request().url.searchParams);
    await expectRefused(world, AWAY, () => present('par', pushed), secrets);
    const after = world.upstream.requests.filter(({ method }) => method === 'POST').length;
    expect(after, 'the upstream is not asked').toBe(before);

    // Nothing was half done: neither the assertion nor the code is used up.
    await server.start();
    await until(() => registry.databaseUp);
    const answer = await present('token', redeeming);
    expect(answer.status, answer.body).toBe(200);
    expect(decodeJwt(member(answer, 'id_token')).sub).toMatch(/^[a-z2-7]{52}$/);
    await expectRefused(
      world,
      { status: 401, error: 'invalid_client', reason: 'client_assertion_replayed' },
      () => present('introspect', { token: member(answer, 'access_token') }),
      [assertion],
    );
  });
});

import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { AtRest } from '../../src/database/at-rest.ts';
import { keepKeys, rotateKeys } from '../../src/signing/upkeep.ts';
import type { KeyStore } from '../../src/signing/upkeep.ts';
import { Browser } from '../support/browser.ts';
import type { TestProxy } from '../support/proxy.ts';
import { basic, postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * A vendor may keep our keys for as long as the answer allows. So a new key is
 * published before it signs, and an old one stays published after it has signed
 * for the last time. The steps below are one rotation, in order.
 */

const start = Date.now();
let passed = 0;
const clock = (): Date => new Date(start + passed * 1000);

let world: World;
let replica: TestProxy;
let store: KeyStore;
let refreshToken: string;
let before: Key[];
let signedBefore: string;

beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }], { clock });
  replica = await world.proxy.replica();
  const { database, keyring } = world.proxy;
  store = { db: database.db, atRest: new AtRest(keyring.storage), clock };
  const tokens = await world.vendor('acme').logIn(new Browser(), 'alice');
  refreshToken = tokens.refreshToken ?? '';
  signedBefore = tokens.idToken;
  before = await keysOf(world.proxy);
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

it('both replicas publish the same keys from the first start on', async () => {
  expect(await keysOf(replica)).toEqual(before);
});

it('a rotation publishes the next key everywhere, and it does not sign yet', async () => {
  await rotateKeys(store, ['RS256']);
  for (const proxy of [world.proxy, replica]) {
    await vi.waitFor(async () => expect(await keysOf(proxy)).toHaveLength(before.length + 1), 5000);
  }
  expect(decodeProtectedHeader(await idTokenFrom(world.proxy)).kid).toBe(kidIn(signedBefore));
  expect(await keepKeys(store)).toBe(false);
});

it('the answer with the keys may be kept for less than the next key waits', async () => {
  const answer = await fetch(`${world.proxy.issuer}/oidc/jwks`);
  const maxAge = Number(/max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '')?.[1]);
  passed = maxAge + 60;
  await refreshAll();
  expect(await keepKeys(store)).toBe(false);
});

it('when the publication time is over the next key signs in both replicas', async () => {
  passed = 601;
  await refreshAll();
  expect(await keepKeys(store)).toBe(true);
  for (const proxy of [world.proxy, replica]) {
    await vi.waitFor(async () => {
      const kid = kidIn(await idTokenFrom(proxy));
      expect(kid).not.toBe(kidIn(signedBefore));
      expect((await keysOf(proxy)).map((key) => key.kid)).toContain(kid);
    }, 5000);
  }
});

it('what the retired key has signed can be verified as long as it may be kept', async () => {
  const keys = await keysOf(world.proxy);
  const jwks = createLocalJWKSet({ keys });
  await expect(jwtVerify(signedBefore, jwks, { currentDate: new Date() })).resolves.toBeDefined();
});

it('a day later the retired key is gone', async () => {
  passed = 601 + 86_401;
  await refreshAll();
  for (const proxy of [world.proxy, replica]) {
    expect((await keysOf(proxy)).map((key) => key.kid)).not.toContain(kidIn(signedBefore));
  }
});

type Key = { readonly kid: string; readonly kty: string };

async function keysOf(proxy: TestProxy): Promise<Key[]> {
  const { keys } = (await (await fetch(`${proxy.issuer}/oidc/jwks`)).json()) as { keys: Key[] };
  return keys.toSorted((one, other) => one.kid.localeCompare(other.kid));
}

/** A refresh, which any replica may serve. */
async function idTokenFrom(proxy: TestProxy): Promise<string> {
  const answer = await postForm(
    `${proxy.issuer}/oidc/token`,
    { grant_type: 'refresh_token', refresh_token: refreshToken },
    basic('acme-web', vendorSecret('acme')),
  );
  expect(answer.body).toHaveProperty('id_token');
  refreshToken = String(answer.body['refresh_token'] ?? refreshToken);
  return String(answer.body['id_token']);
}

function kidIn(idToken: string): string | undefined {
  return decodeProtectedHeader(idToken).kid;
}

/** The clock jumped; what was read before counts as old until it is read again. */
async function refreshAll(): Promise<void> {
  for (const { application } of [world.proxy, replica]) await application.registry.refresh();
}

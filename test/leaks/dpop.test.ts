import { calculateJwkThumbprint, exportJWK } from 'jose';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { commonValues, findings } from '../support/recorder.ts';
import { vendorSecret } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import type { TalkativeWorld } from './scenario.ts';
import { talkativeWorld } from './scenario.ts';

/*
 * Two vendors bind their tokens to keys, each to its own, and put together all
 * that they received on the way: also the nonces that the proxy gave them, and
 * everything that they can read of a token that is bound.
 */
describe('what two vendors receive with bound tokens', () => {
  let talkative: TalkativeWorld;
  let stranger: ReadonlySet<string>;
  const thumbprints: string[] = [];
  const nonces = new Map<string, Set<string>>();
  beforeAll(async () => {
    talkative = await talkativeWorld();
    // Before the long searches, during which a connection that is kept alive would be closed.
    stranger = await strangersRecord(talkative.world.proxy.issuer);
    const browser = new Browser();
    for (const id of ['acme', 'bolt']) await visit(id, browser);
  });
  afterAll(() => talkative.close());

  async function visit(id: string, browser: Browser): Promise<void> {
    const { world, letTimePass } = talkative;
    const { record } = world.vendor(id);
    const party = vendorByHand(world, id);
    const config = await openid.discovery(
      new URL(world.proxy.issuer),
      party.clientId,
      undefined,
      openid.ClientSecretBasic(vendorSecret(id)),
      { execute: [openid.allowInsecureRequests], [openid.customFetch]: record.fetch as never },
    );
    const keys = await openid.randomDPoPKeyPair('ES256', { extractable: true });
    thumbprints.push(await calculateJwkThumbprint(await exportJWK(keys.publicKey)));
    const DPoP = openid.getDPoPHandle(config, keys);
    letTimePass();
    const begun = await party.begin(browser, ALICE.username, { nonce: undefined });
    record.add('authorization response', begun.callback.href);
    const checks = { pkceCodeVerifier: begun.verifier, expectedState: begun.state };
    const tokens = await openid.authorizationCodeGrant(config, begun.callback, checks, undefined, {
      DPoP,
    });
    const sub = tokens.claims()?.sub ?? '';
    letTimePass();
    await openid.fetchUserInfo(config, tokens.access_token, sub, { DPoP });
    letTimePass();
    await openid.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP });
    const given = record.received.filter(({ where }) => where.endsWith('header dpop-nonce'));
    nonces.set(id, new Set(given.map(({ text }) => text)));
  }

  it.each(['acme', 'bolt'])('%s finds no identifier, and no other’s key', (id) => {
    const { record } = talkative.world.vendor(id);
    expect(nonces.get(id)?.size).toBeGreaterThan(0);
    expect(findings(record, [...talkative.secrets, ...thumbprints])).toEqual([]);
  });

  it('the two have no value of 8 characters or more in common', () => {
    const { world } = talkative;
    const common = commonValues(world.vendor('acme').record, world.vendor('bolt').record);
    expect(common.filter((value) => !isPublic(value, stranger))).toEqual([]);
    expect([...(nonces.get('acme') ?? [])].filter((one) => nonces.get('bolt')?.has(one))).toEqual(
      [],
    );
  });

  it('the upstream is never shown a proof', () => {
    const { requests } = talkative.world.upstream;
    expect(requests.filter(({ headers }) => headers['dpop'] !== undefined)).toEqual([]);
  });
});

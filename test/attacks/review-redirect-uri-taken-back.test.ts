/*
 * A vendor's subdomain is taken over, and the operator takes its redirect URI back.
 * A login that began before may take an hour, and the relay knows an answer by its
 * sealed transaction; the answer must not go to the address any more all the same,
 * neither on success nor with an error, and no code for it may be redeemed.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inTransaction } from '../../src/database/connection.ts';
import { AtRest } from '../../src/database/at-rest.ts';
import { readClient, updateClient } from '../../src/vendors/client-store.ts';
import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { authorizationErrorNamingTheUser } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const ELSEWHERE = 'https://acme.example/callback';

describe('a redirect URI that was taken back', () => {
  let world: World;
  let acme: VendorByHand;
  beforeEach(async () => {
    world = await createWorld([{ id: 'acme', client: { sector: 'acme' } }]);
    acme = vendorByHand(world, 'acme');
  });
  afterEach(() => world.close());

  async function takeBack(): Promise<void> {
    const { database, keyring, application } = world.proxy;
    const atRest = new AtRest(keyring.storage);
    await inTransaction(database.db, async (trx) => {
      const { client } = await readClient(trx, atRest, acme.clientId);
      const metadata = { ...client.metadata, redirect_uris: [ELSEWHERE] };
      const settings = { ...client, metadata, acceptBypass: false };
      await updateClient(trx, atRest, settings, { at: new Date() });
    });
    await application.registry.refresh();
  }

  it('gets no code of a login that began before', async () => {
    const browser = new Browser();
    const { page } = await browser.walk(acme.request().url);
    await takeBack();
    const fields = { username: 'alice', password: 'alice-password' };
    const ended = await browser.submit(page, fields);
    expect(ended.callback).toBeUndefined();
    expect(ended.page.status).toBe(400);
    expect(ended.page.body).not.toContain(acme.redirectUri);
    await browser.close();
  });

  it('gets no error of a login that began before', async () => {
    const browser = new Browser();
    const begun = await browser.open(acme.request().url);
    await takeBack();
    world.upstream.faults.arm('authorize', authorizationErrorNamingTheUser());
    const ended = await browser.walk(begun.location ?? '');
    expect(ended.callback).toBeUndefined();
    expect(ended.page.status).toBe(502);
    expect(ended.page.body).not.toContain(acme.redirectUri);
    await browser.close();
  });

  it('redeems no code that it had got before', async () => {
    const browser = new Browser();
    const begun = await acme.begin(browser);
    await takeBack();
    const answer = await acme.redeem(begun);
    expect([answer.status, member(answer, 'error')]).toEqual([400, 'invalid_grant']);
    await browser.close();
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, claimsOf, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import type { Page } from '../support/browser.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret } from '../support/world.ts';
import { letUpstreamTalk } from './scenario.ts';

/*
 * A vendor's server may play the browser, so the notice page is read as a vendor
 * would read it: everything that a browser gets until the person has answered.
 */

describe.each(['relay', 'callback'])('the notice in the front channel %s', (frontChannel) => {
  let world: World;
  const secrets = new Set<string>();
  beforeAll(async () => {
    world = await createWorld(
      [
        {
          id: 'acme',
          vendor: { notice: true, policy_uri: 'https://acme.example/privacy' },
          client: {
            release_claims: ['name', 'email', 'picture'],
            response_types: ['code', 'code id_token token'],
          },
        },
      ],
      { environment: { FRONT_CHANNEL: frontChannel } },
    );
    for (const secret of [
      ...[ALICE.username, emailOf(ALICE), objectIdOf(ALICE), String(claimsOf(ALICE)['picture'])],
      ...[String(claimsOf(ALICE)['name']), upstreamSecret('acme')],
    ]) {
      secrets.add(secret);
    }
    letUpstreamTalk(world, secrets);
  }, 60_000);
  afterAll(() => world.close());

  it('nothing is released before the person has gone on', async () => {
    const { callback, page } = await atNotice(new Browser(), 'code id_token token', 'fragment');
    expect(callback).toBeUndefined();
    expect(page.url.pathname).toBe('/oidc/notice');
    expect(await world.database.db('sessions').first()).toBeUndefined();
    expect(await world.database.db('pseudonyms').first()).toBeUndefined();
  });

  it('the page, its address and its headers hold nothing of the user or of the provider’s', async () => {
    const { page } = await atNotice(new Browser(), 'code', 'query');
    const seen = [page.url.href, page.body, JSON.stringify([...page.headers])].join('\n');
    expect(page.forms).toHaveLength(1);
    for (const secret of secrets) {
      expect(seen.toLowerCase().includes(secret.toLowerCase()), secret).toBe(false);
    }
    expect(Object.keys(page.forms[0]?.fields ?? {}).sort()).toEqual(['notice', 'version']);
    expect(page.forms[0]?.fields['notice']).toMatch(/^[\w-]{43}$/);
  });

  it('two users are shown the same page, but for the reference', async () => {
    const pages = await Promise.all(
      ['alice', 'bob'].map(
        async (name) => (await atNotice(new Browser(), 'code', 'query', name)).page,
      ),
    );
    const [alice, bob] = pages.map(({ body, forms }) =>
      body.replaceAll(forms[0]?.fields['notice'] ?? fail(), ''),
    );
    expect(alice).toBe(bob);
  });

  it('the answer after it holds known members only', async () => {
    const browser = new Browser();
    const { page } = await atNotice(browser, 'code', 'query');
    const { callback } = await browser.submit(page, { answer: 'continue' });
    expect([...(callback?.searchParams.keys() ?? [])].sort()).toEqual(['code', 'iss', 'state']);
  });

  it('another browser is neither shown the page nor heard', async () => {
    const { page } = await atNotice(new Browser(), 'code', 'query');
    const thief = new Browser();
    await thief.open(request('code', 'query'));
    expect((await thief.open(page.url)).body).not.toContain('Vendor acme');
    const { callback } = await thief.submit(page, { answer: 'continue' });
    expect(callback).toBeUndefined();
  });

  it('a cancelled login leaves nothing behind', async () => {
    const before = await world.database.db('sessions').select('grant_id');
    const browser = new Browser();
    const { page } = await atNotice(browser, 'code', 'query');
    await browser.submit(page, { answer: 'cancel' });
    expect(await world.database.db('sessions').select('grant_id')).toEqual(before);
    expect(await world.database.db('sealed_references').where({ hash: Buffer.alloc(32) })).toEqual(
      [],
    );
  });

  function request(type: string, mode: string): URL {
    const { clientId, redirectUri } = world.vendor('acme');
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    url.search = new URLSearchParams({
      ...{
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: type,
        response_mode: mode,
      },
      ...{ scope: 'openid profile email', state: 'the-state', nonce: 'n'.repeat(20) },
      prompt: 'consent',
    }).toString();
    return url;
  }

  async function atNotice(browser: Browser, type: string, mode: string, username = 'alice') {
    const { page, callback } = await browser.walk(request(type, mode));
    return callback === undefined && asksForPassword(page)
      ? browser.submitLogin(page, { username })
      : { page, callback };
  }
});

function asksForPassword({ forms }: Page): boolean {
  return forms.some(({ fields }) => 'password' in fields);
}

function fail(): never {
  throw new Error('no form');
}

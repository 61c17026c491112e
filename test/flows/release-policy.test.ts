import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import { basic, postForm, authorize } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * What a pairwise client learns beside the sub: protocol claims by the rules of
 * the release policy, and what the operator named, in ID token and userinfo
 * alike. The legacy provider says everything in both, whatever is asked for.
 */

/** What every ID token of ours has, whatever is released. */
const PROTOCOL = ['at_hash', 'aud', 'exp', 'iat', 'iss', 'nonce', 'sid', 'sub'];

let world: World;
beforeAll(async () => {
  world = await createWorld([
    { id: 'nothing' },
    { id: 'some', client: { release_claims: ['name', 'locale', 'acr', 'amr'] } },
    { id: 'greedy', client: { release_claims: ['email', 'preferred_username', 'picture', 'oid'] } },
    { id: 'open', client: { phase: 'public', scope: 'openid email' } },
    { id: 'one', client: { sector: 'together' } },
    { id: 'scoped', client: { release_claims: ['scope:profile', 'scope:address'] } },
    { id: 'renamed', client: { release_claims: ['name as display_name', 'locale as language'] } },
    { id: 'relayed', client: { relay_email_domain: 'relay.example' } },
    {
      id: 'later',
      client: { phase: 'public', relay_email_domain: 'relay.example', continuity_days: 30 },
    },
  ]);
});
afterAll(() => world.close());

describe('claims', () => {
  it('a client for which nothing is released gets the protocol’s alone', async () => {
    const { tokens, userinfo } = await everything('nothing');
    expect(Object.keys(tokens.claims).toSorted()).toEqual(PROTOCOL);
    expect(userinfo).toEqual({ sub: tokens.claims['sub'] });
  });

  it('what is released comes in ID token and userinfo alike', async () => {
    const { tokens, userinfo } = await everything('some');
    expect(tokens.claims).toMatchObject({ name: 'Alicia Archer', locale: 'de-CH' });
    expect(userinfo).toMatchObject({
      sub: tokens.claims['sub'],
      name: 'Alicia Archer',
      locale: 'de-CH',
    });
    const refreshed = await (await world.vendor('some').party()).refresh(tokens);
    expect(refreshed.claims).toMatchObject({ name: 'Alicia Archer', locale: 'de-CH' });
    for (const claims of [tokens.claims, userinfo, refreshed.claims]) {
      expect(Object.keys(claims)).not.toContain('given_name');
      expect(Object.keys(claims)).not.toContain('updated_at');
    }
  });

  it('acr and amr come only where they are released', async () => {
    expect((await everything('some')).tokens.claims).toMatchObject({
      acr: 'urn:legacy:password',
      amr: ['pwd'],
    });
    const { claims } = (await everything('nothing')).tokens;
    expect(claims).not.toHaveProperty('acr');
    expect(claims).not.toHaveProperty('amr');
  });

  it('a released claim that holds the local subject is held back, and the log says so', async () => {
    const { tokens, userinfo } = await everything('greedy');
    for (const claims of [tokens.claims, userinfo]) {
      for (const name of ['email', 'preferred_username', 'picture']) {
        expect(claims).not.toHaveProperty(name);
      }
    }
    const warned = world.proxy.log.filter(({ msg }) => msg === 'claims held back');
    expect(warned.at(-1)).toMatchObject({ client: 'greedy-web' });
    expect(JSON.stringify(warned)).not.toMatch(/alice/i);
  });

  it('a scope releases its claims, but none that names the user or tells a time', async () => {
    const { tokens, userinfo } = await everything('scoped');
    for (const claims of [tokens.claims, userinfo]) {
      expect(claims).toMatchObject({
        ...{ name: 'Alicia Archer', given_name: 'Alicia', family_name: 'Archer', locale: 'de-CH' },
      });
      for (const name of ['preferred_username', 'picture', 'updated_at', 'email', 'oid']) {
        expect(claims).not.toHaveProperty(name);
      }
    }
  });

  it('a claim may leave under another name, and then not under its own', async () => {
    const { tokens, userinfo } = await everything('renamed');
    for (const claims of [tokens.claims, userinfo]) {
      expect(claims).toMatchObject({ display_name: 'Alicia Archer', language: 'de-CH' });
      expect(claims).not.toHaveProperty('name');
      expect(claims).not.toHaveProperty('locale');
    }
  });

  it('a relay e-mail is the pseudonym at the domain of the client, the same at every login', async () => {
    const first = await everything('relayed');
    const again = await everything('relayed');
    const email = `${String(first.tokens.claims['sub'])}@relay.example`;
    for (const { tokens, userinfo } of [first, again]) {
      expect(tokens.claims).toMatchObject({ email, email_verified: true });
      expect(userinfo).toMatchObject({ email, email_verified: true });
    }
    expect((await everything('nothing')).userinfo).not.toHaveProperty('email');
  });

  it('a client that is not pairwise yet gets no relay e-mail, and tokens from then none later', async () => {
    const before = await everything('later');
    expect(before.userinfo).toMatchObject({ sub: 'alice', email: 'alice@legacy.example' });
    await rolloutSet(world.proxy.rollout, {
      ...{ clientId: 'later-web', phase: 'pairwise', actor: 'test' },
    });
    await world.proxy.application.registry.refresh();
    const continued = await (await world.vendor('later').party()).userinfo(before.tokens);
    expect(continued).toEqual({ sub: 'alice' });
    const after = await everything('later');
    expect(after.userinfo['email']).toBe(`${String(after.userinfo['sub'])}@relay.example`);
  });

  it('a public client gets what the upstream says within its scopes', async () => {
    const { tokens, userinfo } = await everything('open');
    expect(userinfo).toMatchObject({ sub: 'alice', email: 'alice@legacy.example' });
    expect(tokens.claims).toMatchObject({ sub: 'alice', email: 'alice@legacy.example' });
    expect(userinfo).not.toHaveProperty('name');
  });
});

describe('sid', () => {
  it('is the same for every login of one session in a sector, another in every other', async () => {
    const browser = new Browser();
    const sidAt = async (id: string) =>
      (await world.vendor(id).logIn(browser, 'alice')).claims['sid'];
    const first = await sidAt('nothing');
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(await sidAt('nothing')).toBe(first);
    const others = [await sidAt('some'), await sidAt('open'), await sidAt('one')];
    expect(new Set([first, ...others]).size).toBe(4);
  });

  it('is another one in another session', async () => {
    const one = await world.vendor('nothing').logIn(new Browser(), 'alice');
    const other = await world.vendor('nothing').logIn(new Browser(), 'alice');
    expect(one.claims['sid']).not.toBe(other.claims['sid']);
  });

  it('stays in a refreshed ID token', async () => {
    const tokens = await world.vendor('nothing').logIn(new Browser(), 'alice');
    const refreshed = await (await world.vendor('nothing').party()).refresh(tokens);
    expect(refreshed.claims['sid']).toBe(tokens.claims['sid']);
  });
});

describe('the scope that is answered', () => {
  it.each([
    ['nothing', 'openid profile email offline_access', 'openid'],
    ['some', 'openid profile email phone', 'openid profile'],
    ['scoped', 'openid profile email address', 'openid profile address'],
    ['renamed', 'openid profile email address', 'openid profile'],
    ['open', 'openid profile email', 'openid email'],
  ])('%s asks for "%s" and gets "%s"', async (id, scope, expected) => {
    const vendor = world.vendor(id);
    const { callback, pending } = await authorize(vendor, new Browser(), 'alice', { scope });
    const answer = await postForm(
      `${world.proxy.issuer}/oidc/token`,
      {
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: vendor.redirectUri,
        code_verifier: pending.codeVerifier,
      },
      basic(vendor.clientId, vendorSecret(id)),
    );
    expect(answer.body['scope']).toBe(expected);
    expect(Object.keys(answer.body).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'id_token',
      'refresh_token',
      'scope',
      'token_type',
    ]);
  });
});

async function everything(
  id: string,
): Promise<{ tokens: Tokens; userinfo: Readonly<Record<string, unknown>> }> {
  const vendor = world.vendor(id);
  const tokens = await vendor.logIn(new Browser(), 'alice');
  return { tokens, userinfo: await (await vendor.party()).userinfo(tokens) };
}

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import { DpopKey, codeForm, tokenRequest } from '../support/dpop.ts';
import { apiNamed, introspectAs, registerApi, tokensFor } from '../support/resource-servers.ts';
import { basic, postForm } from '../support/steps.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * What becomes of tokens that are not the usual ones: of the client alone, bound to
 * a key, of clients whose credential only the upstream can judge.
 */

const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];
const SCOPE = 'openid reports';
const API = apiNamed('acme-api');
const ALSO = apiNamed('also-api');
const ENDPOINTS = { introspection_endpoint: undefined, revocation_endpoint: undefined };

let world: World;
beforeAll(async () => {
  const service = { client: { grant_types: GRANTS, scope: SCOPE } };
  const upstreamClient = { grant_types: GRANTS };
  world = await createWorld(
    [
      { id: 'acme', ...service, upstreamClient },
      {
        ...{ id: 'jwt', upstreamClient },
        client: { ...service.client, access_token_format: 'jwt', resources: [API.audience] },
      },
      { id: 'old', authentication: 'forwarded' },
      { id: 'spa', authentication: 'public' },
    ],
    { upstream: { profiles: ['opaque-tokens'] } },
  );
  await registerApi(world, 'acme', API);
  await registerApi(world, 'old', ALSO);
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

/** From now on, the upstream's document says this. */
async function upstreamSays(changes: Record<string, unknown>): Promise<void> {
  world.upstream.faults.arm('discovery', withMembers(changes));
  await world.proxy.application.upstream.recheck();
  world.upstream.faults.clear();
}

async function upstreamAgain(): Promise<void> {
  world.upstream.faults.clear();
  await world.proxy.application.upstream.recheck();
}

const secretOf = (id: string) => basic(`${id}-web`, vendorSecret(id));
const revoke = (token: string, headers: Record<string, string>, more = {}) =>
  postForm(`${world.proxy.issuer}/oidc/revoke`, { token, ...more }, headers);

/** A token of the client alone. */
async function ownToken(id: string, form: Record<string, string> = {}) {
  const answer = await vendorByHand(world, id).token({ grant_type: 'client_credentials', ...form });
  return members(answer);
}

describe('a token of the client alone', () => {
  it.each(['acme', 'jwt'])('is introspected as of the client %s, without a user', async (id) => {
    const { access_token: token } = await ownToken(id, { scope: 'reports' });
    const caller = { id: `${id}-web`, secret: vendorSecret(id) };
    const { body } = await introspectAs(world.proxy.issuer, caller, String(token));
    expect(body).toMatchObject({ active: true, sub: `${id}-web`, client_id: `${id}-web` });
  });

  it('has all scopes that the client registered, but those of users, where it names none', async () => {
    world.upstream.faults.arm('token', withMembers({ scope: undefined }));
    expect(await ownToken('acme')).toMatchObject({ scope: 'reports' });
    world.upstream.faults.arm('token', withMembers({ scope: 'of-the-upstream' }));
    expect(await ownToken('acme')).not.toHaveProperty('scope');
  });

  it('is for one resource', async () => {
    const body = new URLSearchParams('grant_type=client_credentials&resource=urn:a&resource=urn:b');
    const headers = secretOf('acme');
    const answer = await fetch(`${world.proxy.issuer}/oidc/token`, {
      method: 'POST',
      headers,
      body,
    });
    expect(await answer.json()).toMatchObject({ error: 'invalid_target' });
  });

  it.each(['acme', 'jwt'])('of %s is bound to the key that asked for it', async (id) => {
    const key = await DpopKey.generate();
    const { issuer } = world.proxy;
    const proof = await key.proof('POST', `${issuer}/oidc/token`);
    const form = { grant_type: 'client_credentials', scope: 'reports' };
    const answer = await tokenRequest(vendorByHand(world, id), issuer, form, proof);
    expect(member(answer, 'token_type')).toBe('DPoP');
    const caller = { id: `${id}-web`, secret: vendorSecret(id) };
    const { body } = await introspectAs(issuer, caller, member(answer, 'access_token'));
    expect(body).toMatchObject({ token_type: 'DPoP', cnf: { jkt: key.jkt } });
  });

  it('cannot be taken back where the upstream has no revocation, and that is said', async () => {
    const { access_token: token } = await ownToken('acme');
    await upstreamSays(ENDPOINTS);
    const answer = await revoke(String(token), secretOf('acme'));
    expect(answer).toMatchObject({ status: 400, body: { error: 'unsupported_token_type' } });
    await upstreamAgain();
    expect((await revoke(String(token), secretOf('acme'))).status).toBe(200);
  });
});

it('a user’s token that is bound to a key says so to an API', async () => {
  const acme = vendorByHand(world, 'acme');
  const { issuer } = world.proxy;
  const begun = await acme.begin(new Browser(), 'alice', { resource: API.audience, scope: SCOPE });
  const key = await DpopKey.generate();
  const proof = await key.proof('POST', `${issuer}/oidc/token`);
  const answer = await tokenRequest(acme, issuer, codeForm(acme, begun), proof);
  const { body } = await introspectAs(issuer, API, member(answer, 'access_token'));
  expect(body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } });
});

describe('what the upstream says of a token', () => {
  const caller = { id: 'acme-web', secret: vendorSecret('acme') };
  const asked = async (says: Record<string, unknown>) => {
    const { accessToken } = await tokensFor(world, 'acme', new Browser(), { scope: 'openid' });
    world.upstream.faults.arm('introspection', withMembers(says));
    return (await introspectAs(world.proxy.issuer, caller, accessToken)).body;
  };

  it('shortens what we say of it', async () => {
    const now = Math.floor(Date.now() / 1000);
    const { active, exp } = await asked({ active: true, exp: now + 90 });
    expect(active).toBe(true);
    // In whole minutes from now, never the upstream's own instant.
    expect(Number(exp) - now).toBeGreaterThanOrEqual(119);
    expect(Number(exp) - now).toBeLessThan(180);
  });

  it('ends it, also by a time that is past', async () => {
    expect(await asked({ active: false })).toEqual({ active: false });
    expect(await asked({ active: true, exp: 1 })).toEqual({ active: false });
  });

  it('leaves it as it is where it says no time', async () => {
    expect(await asked({ active: true, exp: undefined })).toMatchObject({ active: true });
  });
});

describe('a client whose credential only the upstream can judge', () => {
  const old = () => vendorByHand(world, 'old');
  const callerOld = () => ({ id: old().clientId, secret: old().secret ?? '' });

  it('is judged before it hears that there is nothing', async () => {
    const { issuer } = world.proxy;
    const good = await introspectAs(issuer, callerOld(), 'nonsense');
    expect(good).toMatchObject({ status: 200, body: { active: false } });
    const wrong = { ...callerOld(), secret: 'not-the-secret-of-this-client-0123' };
    expect((await introspectAs(issuer, wrong, 'nonsense')).status).toBe(401);
  });

  it('is refused where nothing upstream could judge it', async () => {
    const { accessToken } = await tokensFor(world, 'old', new Browser());
    await upstreamSays(ENDPOINTS);
    const { issuer } = world.proxy;
    for (const token of ['nonsense', accessToken]) {
      expect((await introspectAs(issuer, callerOld(), token)).status).toBe(401);
      expect((await revoke(token, { authorization: old().basic })).status).toBe(401);
    }
    await upstreamAgain();
    expect((await old().userinfo(accessToken)).status).toBe(200);
  });

  it('is judged by introspection where the upstream has no revocation, and its grant ends', async () => {
    const { accessToken } = await tokensFor(world, 'old', new Browser());
    await upstreamSays({ revocation_endpoint: undefined });
    expect((await revoke(accessToken, { authorization: old().basic })).status).toBe(200);
    await upstreamAgain();
    expect((await old().userinfo(accessToken)).status).toBe(401);
  });

  it('has tokens that its API asks about, and we alone vouch for', async () => {
    const { accessToken } = await tokensFor(world, 'old', new Browser(), {
      resource: ALSO.audience,
    });
    const before = world.upstream.requests.length;
    const { body } = await introspectAs(world.proxy.issuer, ALSO, accessToken);
    expect(body).toMatchObject({ active: true, aud: [ALSO.audience] });
    const asked = world.upstream.requests.slice(before).map(({ url }) => url.pathname);
    expect(asked).not.toContain('/token/introspection');
  });
});

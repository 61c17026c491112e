import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { commonValues, findings } from '../support/recorder.ts';
import type { TestApi } from '../support/resource-servers.ts';
import { apiNamed, introspectAs, registerApi, tokensFor } from '../support/resource-servers.ts';
import { basic, postForm } from '../support/steps.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';

/*
 * Two vendors, each with an API, put together all that introspection told them
 * of one user, while the upstream's own introspection says everything it knows.
 * They also pass each other's tokens around: a token that one vendor asks for
 * and the other asks about must not name one user to both.
 */

const APIS = { acme: apiNamed('acme-api'), bolt: apiNamed('bolt-api') };
const SESSION = 'legacy-session-of-alice-0123456789';
const VENDORS = ['acme', 'bolt'] as const;
const MEDIA_TYPE = 'application/token-introspection+jwt';

let world: World;
let seconds = 0;
let stranger: ReadonlySet<string>;
const secrets = new Set([ALICE.username, emailOf(ALICE), objectIdOf(ALICE), SESSION]);
const troubles: string[] = [];

beforeAll(async () => {
  world = await createWorld(undefined, {
    clock: () => new Date(Date.now() + seconds * 1000),
    upstream: { profiles: ['opaque-tokens'] },
  });
  secrets.add(world.upstream.issuer).add('legacy-acme').add('legacy-bolt');
  for (const id of VENDORS) {
    const sector = world.proxy.application.registry.find(`${id}-web`)?.sector ?? '';
    await registerApi(world, id, APIS[id], { sector });
  }
  const sessionEnd = Math.floor(Date.now() / 1000) + 1500;
  world.upstream.faults.arm(
    'introspection',
    altered((answer) => {
      const members = jsonIn(answer);
      if (members['active'] !== true) return answer;
      const { username } = ALICE;
      const more = { username, email: emailOf(ALICE), sid: SESSION, exp: sessionEnd };
      return withJson(answer, { ...members, ...more, sub: username });
    }),
  );
  // Before the long searches, during which a connection that is kept alive would be closed.
  stranger = await strangersRecord(world.proxy.issuer);
  const browser = new Browser();
  for (const id of VENDORS) await visit(id, browser);
});
afterAll(() => world.close());

/** One login, and all that the vendor and its API can ask about its tokens. */
async function visit(id: 'acme' | 'bolt', browser: Browser): Promise<void> {
  const { record } = world.vendor(id);
  const api = APIS[id];
  const tokens = await tokensFor(world, id, browser, { resource: api.audience });
  const client = { id: `${id}-web`, secret: vendorSecret(id) };
  for (const [caller, token] of [
    [client, tokens.accessToken],
    [client, tokens.refreshToken],
    [api, tokens.accessToken],
  ] as const) {
    for (const accept of ['application/json', MEDIA_TYPE]) {
      seconds += 7;
      await world.proxy.application.registry.refresh();
      const response = await record.fetch(`${world.proxy.issuer}/oidc/introspect`, {
        method: 'POST',
        headers: { ...basic(caller.id, caller.secret), accept },
        body: new URLSearchParams({ token }),
      });
      const text = await response.text();
      const said = text.startsWith('{')
        ? (JSON.parse(text) as object)
        : (decodeJwt(text)['token_introspection'] as object);
      if (!('sub' in said)) troubles.push(`${caller.id} was told ${text}`);
    }
  }
}

/** The protected header of every signed answer: of our key, and of no user. */
function isHeader(value: string): boolean {
  const text = value.startsWith('{') ? value : Buffer.from(value, 'base64url').toString('utf8');
  return (
    /^\{"alg":"RS256","typ":"token-introspection\+jwt","kid":"[\w-]{43}"\}$/.test(text) ||
    value === 'token-introspection+jwt'
  );
}

function introspected(caller: Pick<TestApi, 'id' | 'secret'>, token: string) {
  return introspectAs(world.proxy.issuer, caller, token);
}

describe('what introspection tells two vendors', () => {
  it('every step works', () => {
    expect(troubles).toEqual([]);
  });

  it.each(VENDORS)('%s finds no identifier of the user, the session or the upstream', (id) => {
    const { record } = world.vendor(id);
    expect(record.received.length).toBeGreaterThan(20);
    expect(findings(record, [...secrets])).toEqual([]);
  });

  it('the two have no value of 8 characters or more in common', () => {
    const common = commonValues(world.vendor('acme').record, world.vendor('bolt').record);
    const known = (value: string): boolean =>
      isPublic(value, stranger) || isHeader(value) || value === MEDIA_TYPE;
    expect(common.filter((value) => !known(value))).toEqual([]);
  });
});

describe('to whom introspection tells nothing', () => {
  it('another vendor’s client', async () => {
    const { accessToken, refreshToken } = await tokensFor(world, 'acme', new Browser());
    const bolt = { id: 'bolt-web', secret: vendorSecret('bolt') };
    for (const token of [accessToken, refreshToken]) {
      expect((await introspected(bolt, token)).body).toEqual({ active: false });
    }
  });

  it('the vendor’s own API, of a token that is not meant for it', async () => {
    const { accessToken } = await tokensFor(world, 'acme', new Browser());
    expect((await introspected(APIS.acme, accessToken)).body).toEqual({ active: false });
  });

  it('another vendor’s API, although a vendor asked for a token for it', async () => {
    const resource = APIS.bolt.audience;
    const { accessToken } = await tokensFor(world, 'acme', new Browser(), { resource });
    expect((await introspected(APIS.bolt, accessToken)).body).toEqual({ active: false });
  });
});

it('an API that an operator lets in gets the subject of its own sector, and no other', async () => {
  const platform = apiNamed('platform-api');
  const sector = world.proxy.application.registry.find('bolt-web')?.sector ?? '';
  await registerApi(world, 'bolt', platform, { sector, vendors: ['acme'] });
  const resource = platform.audience;
  const theirs = await tokensFor(world, 'acme', new Browser(), { resource });
  const own = await tokensFor(world, 'bolt', new Browser(), { resource });
  const { body } = await introspected(platform, theirs.accessToken);
  expect(body['sub']).toBe(decodeJwt(own.idToken).sub);
  expect(body).not.toHaveProperty('client_id');
});

describe('revocation', () => {
  it('does nothing to another client’s token, and does not tell', async () => {
    const { accessToken, refreshToken } = await tokensFor(world, 'acme', new Browser());
    for (const token of [accessToken, refreshToken, 'nonsense']) {
      const answer = await postForm(
        `${world.proxy.issuer}/oidc/revoke`,
        { token },
        basic('bolt-web', vendorSecret('bolt')),
      );
      expect([answer.status, answer.body]).toEqual([200, {}]);
    }
    const party = vendorByHand(world, 'acme');
    expect((await party.userinfo(accessToken)).status).toBe(200);
    expect((await party.refresh(refreshToken)).status).toBe(200);
  });

  it('of a shared upstream client’s token ends here, and not at the upstream', async () => {
    const client = { client_id: 'legacy-acme', client_secret: upstreamSecret('acme') };
    const shared = { upstream: { ...client, shared: true } };
    const common = await createWorld(
      [
        { id: 'acme', client: shared },
        { id: 'bolt', client: shared },
      ],
      { upstream: { profiles: ['opaque-tokens'] } },
    );
    const redirectUris = common.upstream.clients.flatMap((one) => one.redirect_uris);
    common.upstream.setClients(
      common.upstream.clients.map((one) => ({ ...one, redirect_uris: [...new Set(redirectUris)] })),
    );
    const browser = new Browser();
    const first = await tokensFor(common, 'acme', browser);
    const second = await tokensFor(common, 'bolt', browser);
    const authorization = basic('acme-web', vendorSecret('acme'));
    const address = `${common.proxy.issuer}/oidc/revoke`;
    const answer = await postForm(address, { token: first.refreshToken }, authorization);
    expect(answer.status).toBe(200);
    const acme = vendorByHand(common, 'acme');
    const bolt = vendorByHand(common, 'bolt');
    expect((await acme.userinfo(first.accessToken)).status).toBe(401);
    // The upstream may end with a token what it gave to the same client for another vendor.
    expect(common.upstream.requests.map(({ url }) => url.pathname)).not.toContain(
      '/token/revocation',
    );
    expect((await bolt.userinfo(second.accessToken)).status).toBe(200);
    expect((await bolt.refresh(second.refreshToken)).status).toBe(200);
    await common.close();
  });
});

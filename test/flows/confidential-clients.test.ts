import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { JsonAnswer } from '../support/steps.ts';
import { authorize, basic, postForm } from '../support/steps.ts';
import { openPlainRelyingParty } from '../support/vendors/oauth4webapi.ts';
import type { World, WorldVendor } from '../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../support/world.ts';

/*
 * RFC 6749 2.3.1 wants user and password form-encoded before they are joined by
 * a colon; many vendors do not. Both must work, also where the two readings
 * differ, and both for credentials that the proxy knows (terminated) and for
 * those that only the upstream can judge (forwarded).
 */

/** Reads differently when it is decoded: `%41` is A, `+` is a space. */
const AMBIGUOUS = 'a+b%41%2B:&=c/d ~e';
const ODD_ID = 'odd client/1+%41';

const terminated: WorldVendor = {
  id: 'terminated',
  client: { client_secret: AMBIGUOUS },
  software: { clientSecret: AMBIGUOUS },
};
const forwarded: WorldVendor = {
  id: 'forwarded',
  authentication: 'forwarded',
  upstreamClient: { client_secret: AMBIGUOUS },
  software: { clientSecret: AMBIGUOUS },
};
const oddTerminated: WorldVendor = {
  id: 'odd',
  client: { client_id: ODD_ID, client_secret: AMBIGUOUS },
  software: { clientId: ODD_ID, clientSecret: AMBIGUOUS },
};
const oddForwarded: WorldVendor = {
  id: 'oddforwarded',
  authentication: 'forwarded',
  client: { client_id: `${ODD_ID}f` },
  upstreamClient: { client_id: `${ODD_ID}f`, client_secret: AMBIGUOUS },
  software: { clientId: `${ODD_ID}f`, clientSecret: AMBIGUOUS },
};

let world: World;
beforeAll(async () => {
  world = await createWorld([terminated, forwarded, oddTerminated, oddForwarded, { id: 'plain' }]);
});
afterAll(() => world.close());

describe.each(['terminated', 'forwarded', 'odd', 'oddforwarded'])('the %s client', (id) => {
  it.each([
    ['client_secret_basic, encoded', (c: string, s: string) => basic(encoded(c), encoded(s)), {}],
    ['client_secret_basic, as it stands', (c: string, s: string) => basic(c, s), {}],
    ['client_secret_post', () => ({}), { client_secret: AMBIGUOUS }],
  ])('logs in and refreshes with %s', async (_name, headers, form) => {
    const { clientId } = world.vendor(id);
    const answer = await redeem(id, headers(clientId, AMBIGUOUS), form);
    expect(answer.body).toMatchObject({ token_type: 'Bearer' });
    const refreshed = await postForm(
      `${world.proxy.issuer}/oidc/token`,
      {
        grant_type: 'refresh_token',
        refresh_token: String(answer.body['refresh_token']),
        client_id: clientId,
        ...form,
      },
      headers(clientId, AMBIGUOUS),
    );
    expect(refreshed.body).toMatchObject({ token_type: 'Bearer' });
  });

  it('is refused with another secret, whichever way it is sent', async () => {
    const { clientId } = world.vendor(id);
    const wrong = await redeem(id, basic(encoded(clientId), 'another-secret'));
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic /);
    expect(wrong.body['error']).toBe('invalid_client');
    const posted = await redeem(id, {}, { client_secret: 'another-secret' });
    expect(posted.body['error']).toBe('invalid_client');
  });
});

it('a vendor library encodes the credentials as RFC 6749 says', async () => {
  const party = await openPlainRelyingParty({
    issuer: world.proxy.issuer,
    clientId: ODD_ID,
    clientSecret: AMBIGUOUS,
    authMethod: 'client_secret_basic',
    redirectUri: world.vendor('odd').redirectUri,
  });
  const { url, pending } = await party.begin();
  const callback = await new Browser().login(url, { username: 'alice' });
  expect((await party.finish(callback, pending)).claims['aud']).toBe(ODD_ID);
});

it('the upstream sees only its own credential of a terminated client', async () => {
  const before = world.upstream.requests.length;
  await redeem('plain', basic('plain-web', vendorSecret('plain')));
  const seen = world.upstream.requests.slice(before).find(({ url }) => url.pathname === '/token');
  const expected = basic('legacy-plain', upstreamSecret('plain'))['authorization'];
  expect(seen?.headers.authorization).toBe(expected);
  expect(seen?.body).not.toContain(vendorSecret('plain'));
});

it('a confidential client cannot do without its secret, and not with two of them', async () => {
  const none = await redeem('plain', {});
  expect([none.status, none.body['error']]).toEqual([401, 'invalid_client']);
  const two = await redeem('plain', basic('plain-web', vendorSecret('plain')), {
    client_secret: vendorSecret('plain'),
  });
  expect([two.status, two.body['error']]).toEqual([400, 'invalid_request']);
});

it('guessing is slowed down for whoever guesses', async () => {
  const guess = () =>
    postForm(
      `${world.proxy.issuer}/oidc/token`,
      { grant_type: 'refresh_token', refresh_token: 'x' },
      basic('plain-web', 'guess'),
    );
  let answer = await guess();
  for (let attempt = 0; attempt < 30 && answer.status !== 429; attempt += 1) answer = await guess();
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  const other = await postForm(
    `${world.proxy.issuer}/oidc/token`,
    { grant_type: 'refresh_token', refresh_token: 'x' },
    basic('terminated-web', encoded(AMBIGUOUS)),
  );
  expect(other.body['error']).toBe('invalid_grant');
});

async function redeem(
  id: string,
  headers: Record<string, string>,
  form: Record<string, string> = {},
): Promise<JsonAnswer> {
  const vendor = world.vendor(id);
  const { callback, pending } = await authorize(vendor, new Browser(), 'alice');
  return postForm(
    `${world.proxy.issuer}/oidc/token`,
    {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: vendor.redirectUri,
      code_verifier: pending.codeVerifier,
      client_id: vendor.clientId,
      ...form,
    },
    headers,
  );
}

function encoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}

/*
 * Who holds a client's secret is that client. Attackers guess secrets, present
 * two identities at once in the hope that two parts of a server read different
 * ones, and lock a vendor out by failing in its name (RFC 6749 2.3, RFC 9700 4.16).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { ask, member, vendorByHand } from '../support/by-hand.ts';
import { expectRefused } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../support/world.ts';

const UNAUTHENTICATED = {
  status: 401,
  error: 'invalid_client',
  reason: 'client_authentication_failed',
} as const;
const THROTTLED = {
  status: 429,
  error: 'invalid_client',
  reason: 'client_authentication_throttled',
  retryAfter: 60,
} as const;

let world: World;
let acme: VendorByHand;
beforeAll(async () => {
  world = await createWorld(
    [
      { id: 'acme' },
      { id: 'bolt' },
      { id: 'old', authentication: 'forwarded' },
      { id: 'spa', authentication: 'public' },
    ],
    { environment: { TRUSTED_PROXIES: '127.0.0.1/32' } },
  );
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

let address = 0;
let from: string;
beforeEach(() => {
  address += 1;
  from = `192.0.2.${address}`;
});

/** A refresh with a made-up token, so that only the credentials decide how far it comes. */
function attempt(form: Record<string, string>, headers: Record<string, string> = {}) {
  return ask(`${world.proxy.issuer}/oidc/token`, {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-forwarded-for': from,
      ...headers,
    },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: 'made-up',
      ...form,
    }).toString(),
  });
}

function basic(id: string, secret: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

describe('client authentication', () => {
  it.each([
    ['a wrong secret', 'acme-web', 'guessed-it'],
    ['an empty secret', 'acme-web', ''],
    ['the secret that the upstream knows', 'acme-web', upstreamSecret('acme')],
    ["another client's secret", 'acme-web', vendorSecret('bolt')],
    ['a secret with one letter more', 'acme-web', `${vendorSecret('acme')}x`],
    ['an unknown client', 'nobody', 'guessed-it'],
    ['the client id in other letter case', 'ACME-WEB', vendorSecret('acme')],
    ["the upstream's client id", 'legacy-acme', upstreamSecret('acme')],
    ['a secret for a public client', 'spa-web', 'something'],
  ])('refuses %s, in the header and in the form', async (_what, id, secret) => {
    await expectRefused(world, UNAUTHENTICATED, () => attempt({}, basic(id, secret)), [secret]);
    if (secret === '') return;
    const inForm = { client_id: id, client_secret: secret };
    await expectRefused(world, UNAUTHENTICATED, () => attempt(inForm), [secret]);
  });

  it('refuses a request that names nobody', async () => {
    const expected = { ...UNAUTHENTICATED, reason: 'client_authentication_missing' } as const;
    await expectRefused(world, expected, () => attempt({}));
  });

  it('refuses a confidential client that presents nothing but its id', async () => {
    await expectRefused(world, UNAUTHENTICATED, () => attempt({ client_id: 'acme-web' }));
  });

  it.each([
    ['header and form', { client_secret: vendorSecret('acme') }],
    ['header and form of another', { client_id: 'bolt-web', client_secret: vendorSecret('bolt') }],
    ['header and the id of another', { client_id: 'bolt-web' }],
  ])('refuses two identities at once: %s', async (_what, form) => {
    const expected = {
      status: 400,
      error: 'invalid_request',
      reason: 'request_malformed',
    } as const;
    await expectRefused(world, expected, () =>
      attempt(form, basic('acme-web', vendorSecret('acme'))),
    );
  });

  it.each([
    ['a Bearer token', 'Bearer abc'],
    ['Digest', 'Digest username="acme-web"'],
    ['not base64', 'Basic %%%'],
    ['two credentials', `${basic('acme-web', 'a').authorization}, Basic YTpi`],
    ['nothing', 'Basic'],
  ])('refuses an Authorization header that is %s', async (_what, authorization) => {
    const expected = { ...UNAUTHENTICATED, reason: 'client_authentication_method' } as const;
    await expectRefused(world, expected, () => attempt({}, { authorization }));
  });

  it('refuses Basic credentials without a colon', async () => {
    const expected = {
      status: 400,
      error: 'invalid_request',
      reason: 'request_malformed',
    } as const;
    const authorization = `Basic ${Buffer.from('acme-web').toString('base64')}`;
    await expectRefused(world, expected, () => attempt({}, { authorization }));
  });

  it('refuses a client assertion that names nobody', async () => {
    const expected = { ...UNAUTHENTICATED, reason: 'client_assertion_invalid' } as const;
    const form = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'e30.e30.e30',
    };
    await expectRefused(world, expected, () => attempt(form));
  });

  it('takes a secret with characters that must be encoded, encoded or not', async () => {
    const secret = 'a+b %41/=&?:~-0123456789-0123456789';
    await world.proxy.apply([
      {
        id: 'acme',
        name: 'Vendor acme',
        clients: [
          {
            client_id: 'acme-odd',
            client_secret: secret,
            redirect_uris: [acme.redirectUri],
            upstream: { client_id: 'legacy-acme', client_secret: upstreamSecret('acme') },
          },
        ],
      },
    ]);
    const encoded = new URLSearchParams({ s: secret }).toString().slice(2);
    for (const spelled of [encoded, encodeURIComponent(secret), secret]) {
      const answer = await attempt({}, basic('acme-odd', spelled));
      expect(member(answer, 'error'), spelled).toBe('invalid_grant');
    }
  });

  it('lets the upstream judge forwarded credentials, and tells its no in our words', async () => {
    const old = vendorByHand(world, 'old');
    const begun = await old.begin(new Browser());
    const wrong = basic(old.clientId, 'guessed-secret').authorization;
    await expectRefused(
      world,
      { ...UNAUTHENTICATED, mayBeLogged: [] },
      () => old.redeem(begun, {}, { authorization: wrong }),
      ['guessed-secret', begun.code],
    );
  });
});

describe('guessing a secret', () => {
  const FAILURES = 20;
  const guess = () => attempt({}, basic('acme-web', `guess`));
  const honest = () => attempt({}, basic('acme-web', vendorSecret('acme')));

  it('is throttled by client and address; another address and another client go on', async () => {
    for (let n = 0; n < FAILURES; n += 1) expect((await guess()).status).toBe(401);
    await expectRefused(world, THROTTLED, guess, ['guess']);
    await expectRefused(world, THROTTLED, honest);

    const bolt = await attempt({}, basic('bolt-web', vendorSecret('bolt')));
    expect(member(bolt, 'error')).toBe('invalid_grant');
    from = '198.51.100.7';
    expect(member(await honest(), 'error')).toBe('invalid_grant');
  });

  it('is not helped by the many addresses of one IPv6 network', async () => {
    for (let n = 0; n < FAILURES; n += 1) {
      from = `2001:db8:0:1::${n.toString(16)}`;
      expect((await guess()).status).toBe(401);
    }
    from = '2001:db8:0:1:ffff::1';
    await expectRefused(world, THROTTLED, guess);
    from = '2001:db8:0:2::1';
    expect(member(await honest(), 'error')).toBe('invalid_grant');
  });

  it('is not helped by a claim to come from elsewhere, made to a proxy that trusts nobody', async () => {
    const alone = await world.proxy.replica({ TRUSTED_PROXIES: '' });
    const elsewhere = (n: number) =>
      ask(`${alone.issuer}/oidc/token`, {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-forwarded-for': `203.0.113.${n}`,
          'x-real-ip': `203.0.113.${n}`,
          forwarded: `for=203.0.113.${n}`,
          ...basic('acme-web', 'guess'),
        },
        body: 'grant_type=refresh_token&refresh_token=made-up',
      });
    try {
      for (let n = 0; n < FAILURES; n += 1) expect((await elsewhere(n)).status).toBe(401);
      await expectRefused({ upstream: world.upstream, proxy: alone }, THROTTLED, () =>
        elsewhere(99),
      );
    } finally {
      await alone.close();
    }
  });

  it('is throttled for forwarded clients too, before the upstream is asked', async () => {
    const old = vendorByHand(world, 'old');
    const { code, verifier } = await old.begin(new Browser());
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: old.redirectUri,
    };
    for (let n = 0; n < FAILURES; n += 1) {
      expect((await attempt(form, basic(old.clientId, 'guess'))).status).toBe(401);
    }
    const asked = world.upstream.requests.length;
    await expectRefused(world, THROTTLED, () => attempt(form, basic(old.clientId, 'guess')));
    expect(world.upstream.requests.length).toBe(asked);
  });
});

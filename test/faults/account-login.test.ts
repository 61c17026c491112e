import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createAccountWorld, logInToAccount } from '../support/account.ts';
import { Browser } from '../support/browser.ts';
import type { Expected } from '../support/refused.ts';
import { expectRefused } from '../support/refused.ts';
import type { Fault } from '../support/upstream/faults.ts';
import { errorNamingTheUser, NAMING_DESCRIPTION, withMembers } from '../support/upstream/faults.ts';
import { forgedIdToken, withClaims, withoutIdToken } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';

/*
 * A login at /account that the provider does not bring to its end, or that was changed on
 * the way back, logs nobody in: whoever is logged in there sees and ends everything.
 */

const REFUSED = { status: 400, error: 'access_denied', reason: 'upstream_refused' } as const;
const FOREIGN = { status: 400, error: 'invalid_request', reason: 'response_foreign' } as const;
const BROKEN = { status: 502, error: 'server_error' } as const;
const OLD = { status: 403, error: 'login_required', reason: 'account_login_old' } as const;

let world: World;
let browser: Browser;
beforeAll(async () => {
  world = await createAccountWorld([{ id: 'acme' }]);
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

const at = (path: string): string => `${world.proxy.issuer}/account${path}`;

/** A login up to the redirect that ends it, which the browser has not followed. */
async function begun(): Promise<URL> {
  browser = new Browser();
  const { page } = await browser.walk(at('/login'));
  const { callback } = await browser.submitLogin(page, { username: 'alice' });
  if (callback === undefined) throw new Error('the login led nowhere');
  return callback;
}

async function expectNobody(callback: URL, expected: Expected): Promise<void> {
  const code = callback.searchParams.get('code') ?? '';
  await expectRefused(world, expected, () => browser.open(callback), [code]);
  expect((await browser.open(at(''))).body).toContain('/account/login');
}

describe('an answer of the provider', () => {
  it.each<[string, Record<string, string>, Expected]>([
    ['that names another issuer', { iss: 'https://evil.example' }, FOREIGN],
    ['without a code', { code: '' }, REFUSED],
    ['with an error beside the code', { error: 'access_denied' }, REFUSED],
    [
      'with a code longer than any',
      { code: 'c'.repeat(8193) },
      { ...BROKEN, reason: 'upstream_malformed' },
    ],
  ])('%s logs nobody in', async (_which, parameters, expected) => {
    const callback = await begun();
    for (const [name, value] of Object.entries(parameters)) callback.searchParams.set(name, value);
    await expectNobody(callback, expected);
  });

  it('with two states, one of them good, logs nobody in', async () => {
    const callback = await begun();
    callback.searchParams.append('state', 'another');
    const reason = 'parameter_duplicated';
    await expectNobody(callback, { ...FOREIGN, reason });
  });

  it('that names no issuer is good: not every provider says it (RFC 9207)', async () => {
    const callback = await begun();
    callback.searchParams.delete('iss');
    expect((await browser.open(callback)).location?.href).toBe(at(''));
    expect((await browser.open(at(''))).status).toBe(200);
  });
});

describe('a provider that', () => {
  const idToken = (change: (claims: Record<string, unknown>) => Record<string, unknown>): Fault =>
    forgedIdToken((token) => withClaims(world.upstream.signingKey(), change)(token));
  const mayBeLogged = [NAMING_DESCRIPTION];

  it.each<[string, () => Fault, Expected]>([
    ['refuses the code', () => errorNamingTheUser(), { ...REFUSED, mayBeLogged }],
    [
      'refuses the proxy itself',
      () => errorNamingTheUser('invalid_client', 401),
      { ...BROKEN, reason: 'upstream_client', mayBeLogged },
    ],
    [
      'has no time',
      () => errorNamingTheUser('temporarily_unavailable'),
      {
        ...{ status: 503, error: 'temporarily_unavailable', retryAfter: 5 },
        ...{ reason: 'upstream_unavailable', mayBeLogged },
      },
    ],
    ['tells no user', withoutIdToken, { ...BROKEN, reason: 'upstream_token_missing' }],
    ['does not say when it authenticated', () => idToken(() => ({ auth_time: undefined })), OLD],
    [
      'answers from a session that it has',
      () => idToken(({ auth_time }) => ({ auth_time: Number(auth_time) - 3600 })),
      OLD,
    ],
  ])('%s logs nobody in', async (_which, fault, expected) => {
    const callback = await begun();
    world.upstream.faults.arm('token', fault());
    await expectNobody(callback, expected);
  });

  it('knows no PKCE is asked without it', async () => {
    world.upstream.faults.arm(
      'discovery',
      withMembers({ code_challenge_methods_supported: undefined }),
    );
    await world.proxy.application.upstream.recheck();
    browser = new Browser();
    const page = await logInToAccount(world, browser);
    expect(page.status).toBe(200);
    const asked = world.upstream.requests.findLast(({ url }) => url.pathname === '/auth');
    expect(asked?.url.searchParams.get('client_id')).toBe('pairwise-proxy');
    expect(asked?.url.searchParams.has('code_challenge')).toBe(false);
    world.upstream.faults.clear();
    await world.proxy.application.upstream.recheck();
  });
});

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { answerTo, authorize } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * What an authentication request may ask of the login (OpenID Connect Core
 * 3.1.2.1), and what it is told about the time of the login.
 */

let world: World;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme' },
    { id: 'timed', client: { require_auth_time: true } },
    { id: 'bolt' },
  ]);
});
afterAll(() => world.close());

describe('auth_time', () => {
  it('is not told unless it was asked for', async () => {
    const { idToken } = await logIn('acme', 'alice');
    expect(decodeJwt(idToken)).not.toHaveProperty('auth_time');
  });

  it('is told to a client that registered require_auth_time', async () => {
    const { idToken, upstream } = await logIn('timed', 'alice');
    expectMovedEarlier(decodeJwt(idToken)['auth_time'], upstream['auth_time']);
  });

  it('comes for a max_age of 120 or more less than a minute early, and stays so', async () => {
    const { idToken, upstream, refreshed, refreshedUpstream } = await logIn('acme', 'alice', {
      max_age: '300',
    });
    const told = decodeJwt(idToken)['auth_time'];
    expectMovedEarlier(told, upstream['auth_time']);
    if (refreshedUpstream['auth_time'] !== undefined) {
      expect(decodeJwt(refreshed)['auth_time']).toBe(told);
    }
    expect(maxAgeAskedUpstream()).toBe('240');
  });

  it('is moved by the same time at every login, so that many do not average it away', async () => {
    const moves: number[] = [];
    for (const _login of [1, 2, 3]) {
      const { idToken, upstream } = await logIn('bolt', 'alice', { max_age: '300' });
      moves.push(Number(upstream['auth_time']) - Number(decodeJwt(idToken)['auth_time']));
    }
    expect(new Set(moves)).toHaveProperty('size', 1);
  });

  it('is exact for a max_age below 120, which the upstream is asked for as it is', async () => {
    const { idToken, upstream } = await logIn('acme', 'alice', { max_age: '119' });
    expect(decodeJwt(idToken)['auth_time']).toBe(upstream['auth_time']);
    expect(maxAgeAskedUpstream()).toBe('119');
  });

  it.each(['-1', '1.5', 'soon'])('is not asked for with a max_age of %s', async (maxAge) => {
    const { answer } = await answerTo(new Browser(), world.proxy.issuer, {
      ...usual('acme'),
      max_age: maxAge,
    });
    expect(answer?.searchParams.get('error')).toBe('invalid_request');
  });
});

describe('prompt', () => {
  it('login asks for the password again, although there is a session', async () => {
    const browser = new Browser();
    await world.vendor('acme').logIn(browser, 'alice');
    const { url } = await (await world.vendor('acme').party()).begin({ prompt: 'login' });
    const { page, callback } = await browser.walk(url);
    expect(callback).toBeUndefined();
    expect(page.forms).toHaveLength(1);
  });

  it('max_age=0 does so too', async () => {
    const browser = new Browser();
    await world.vendor('acme').logIn(browser, 'alice');
    const { url } = await (await world.vendor('acme').party()).begin({ max_age: '0' });
    expect((await browser.walk(url)).page.forms).toHaveLength(1);
  });

  it('none without a session is answered login_required, with state and iss', async () => {
    const { answer } = await answerTo(new Browser(), world.proxy.issuer, {
      ...usual('acme'),
      prompt: 'none',
    });
    expect(Object.fromEntries(answer?.searchParams ?? [])).toEqual({
      error: 'login_required',
      state: 'the state',
      iss: world.proxy.issuer,
    });
  });

  it('none with a session logs in without a page', async () => {
    const browser = new Browser();
    await world.vendor('acme').logIn(browser, 'alice');
    const { callback, pending, party } = await authorize(world.vendor('acme'), browser, 'nobody', {
      prompt: 'none',
    });
    expect((await party.finish(callback, pending)).claims['sub']).toBeTypeOf('string');
  });

  it('none together with another wish is refused', async () => {
    const { answer } = await answerTo(new Browser(), world.proxy.issuer, {
      ...usual('acme'),
      prompt: 'none login',
    });
    expect(answer?.searchParams.get('error')).toBe('invalid_request');
  });
});

it('a request may come as a form too', async () => {
  const browser = new Browser();
  const party = await world.vendor('acme').party();
  const { url, pending } = await party.begin();
  const form = Object.fromEntries(url.searchParams);
  const walk = await browser.walk(`${world.proxy.issuer}/oidc/authorize`, { form });
  const { callback } = await browser.submit(walk.page, {
    username: 'alice',
    password: 'alice-password',
  });
  const { claims } = await party.finish(callback ?? new URL('http://none.invalid'), pending);
  expect(claims['sub']).toMatch(/^[a-z2-7]{52}$/);
});

interface LoggedIn {
  readonly idToken: string;
  readonly refreshed: string;
  /** The claims of the upstream's ID tokens behind the two. */
  readonly upstream: Record<string, unknown>;
  readonly refreshedUpstream: Record<string, unknown>;
}

async function logIn(
  id: string,
  username: string,
  parameters: Record<string, string> = {},
): Promise<LoggedIn> {
  const seen: Record<string, unknown>[] = [];
  world.upstream.faults.arm('token', (response, answer) => {
    const { id_token } = JSON.parse(answer.body.toString()) as { id_token: string };
    seen.push(decodeJwt(id_token));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  try {
    const vendor = world.vendor(id);
    const { callback, pending, party } = await authorize(
      vendor,
      new Browser(),
      username,
      parameters,
    );
    const tokens = await party.finish(callback, pending);
    const refreshed = await party.refresh(tokens);
    const [upstream = {}, refreshedUpstream = {}] = seen;
    return { idToken: tokens.idToken, refreshed: refreshed.idToken, upstream, refreshedUpstream };
  } finally {
    world.upstream.faults.clear();
  }
}

function expectMovedEarlier(told: unknown, exact: unknown): void {
  expect(exact).toBeTypeOf('number');
  expect(told).toBeLessThanOrEqual(Number(exact));
  expect(told).toBeGreaterThan(Number(exact) - 60);
}

function maxAgeAskedUpstream(): string | null | undefined {
  const asked = world.upstream.requests.findLast(({ url }) => url.pathname === '/auth');
  return asked?.url.searchParams.get('max_age');
}

function usual(id: string): Record<string, string> {
  const { clientId, redirectUri } = world.vendor(id);
  return {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'the state',
  };
}

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createAccountWorld, logInToAccount, press } from '../support/account.ts';
import { Browser } from '../support/browser.ts';
import type { Page } from '../support/browser.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';

/*
 * Self-service ends logins and hands out everything that is held on a user, so an
 * attacker wants to act as the user there: by a form on a page of their own (CSRF,
 * clickjacking), by a login of their own in the user's browser (login CSRF, a
 * swapped `state`, a planted session), by naming somebody else in a request, or by
 * having the user sent on to a page of theirs.
 */

let world: World;
beforeAll(async () => {
  world = await createAccountWorld();
  for (const id of ['acme', 'bolt']) await world.vendor(id).logIn(new Browser(), 'alice');
});
afterAll(() => world.close());

const at = (path: string): string => `${world.proxy.issuer}/account${path}`;

async function loggedIn(
  username = 'alice',
): Promise<{ browser: Browser; page: Page; token: string }> {
  const browser = new Browser();
  const page = await logInToAccount(world, browser, username);
  return { browser, page, token: page.forms[0]?.fields['token'] ?? fail('a form') };
}

async function sessionCookie({ jar }: Browser): Promise<string> {
  const cookies = await jar.getCookies(world.proxy.issuer);
  return cookies.find(({ key }) => key === 'pairwise-account')?.value ?? fail('a session');
}

describe('a form of somebody else (CSRF)', () => {
  const foreign = [
    ['from another site', { origin: 'https://evil.example' }],
    ['from a page that hides where it is', { origin: 'null' }],
    ['from a neighbour on the same host', { origin: 'http://localhost:1' }],
    ['that a browser tells of', { 'sec-fetch-site': 'cross-site' }],
    ['from another host of the site', { 'sec-fetch-site': 'same-site' }],
  ] as const;

  it.each(foreign)('%s does nothing, even with the right token', async (_which, headers) => {
    const { browser, page, token } = await loggedIn();
    for (const path of ['/disconnect', '/download', '/logout']) {
      const form = { token, vendor: 'acme' };
      const answer = await browser.open(at(path), { form, from: page, headers });
      expect(answer.status).toBe(403);
    }
    expect((await browser.open(at(''))).body).toContain('Vendor acme');
  });

  it('without an Origin does nothing', async () => {
    const { browser, token } = await loggedIn();
    const answer = await browser.open(at('/disconnect'), { form: { token, vendor: 'acme' } });
    expect(answer.status).toBe(403);
  });

  it('without a token of a page does nothing', async () => {
    const { browser, page } = await loggedIn();
    for (const path of ['/disconnect', '/download', '/logout']) {
      const answer = await browser.open(at(path), { form: { vendor: 'acme' }, from: page });
      expect(answer.status).toBe(403);
    }
  });

  it('has no use for the token of another session', async () => {
    const { token } = await loggedIn('bob');
    const { browser, page } = await loggedIn();
    const form = { token, vendor: 'acme' };
    expect((await browser.open(at('/disconnect'), { form, from: page })).status).toBe(403);
  });

  it('cannot be a GET', async () => {
    const { browser, token } = await loggedIn();
    for (const path of ['/download', '/logout']) {
      expect((await browser.open(`${at(path)}?token=${token}`)).status).toBe(405);
    }
    await browser.open(`${at('/disconnect')}?vendor=acme&token=${token}`);
    expect((await browser.open(at(''))).body).toContain('Vendor acme');
  });
});

describe('a login of somebody else', () => {
  it('cannot be planted in a browser that began none', async () => {
    const mallory = new Browser();
    const { page } = await mallory.walk(at('/login'));
    const { callback } = await mallory.submitLogin(page, { username: 'bob' });
    const victim = new Browser();
    const answer = await victim.open(callback ?? fail('a callback'));
    expect(answer.status).toBe(400);
    expect((await victim.open(at(''))).body).toContain('/account/login');
  });

  it('cannot be swapped in by its code, or by its state', async () => {
    const [alice, mallory] = [new Browser(), new Browser()];
    const ends: URL[] = [];
    for (const [browser, username] of [
      [alice, 'alice'],
      [mallory, 'bob'],
    ] as const) {
      const { page } = await browser.walk(at('/login'));
      const { callback } = await browser.submitLogin(page, { username });
      ends.push(callback ?? fail('a callback'));
    }
    const [own = fail('a callback'), foreign = fail('a callback')] = ends;
    const withCode = new URL(own);
    withCode.searchParams.set('code', foreign.searchParams.get('code') ?? '');
    expect((await alice.open(withCode)).status).toBeGreaterThanOrEqual(400);
    const withState = new URL(own);
    withState.searchParams.set('state', foreign.searchParams.get('state') ?? '');
    expect((await alice.open(withState)).status).toBe(400);
    expect((await alice.open(at(''))).body).toContain('/account/login');
  });

  it.each(['', 'x', 'a'.repeat(43), 'eyJ.a.b.c.d'])(
    'needs a state of ours, not "%s"',
    async (state) => {
      const answer = await new Browser().open(`${at('/callback')}?code=x&state=${state}`);
      expect(answer.status).toBe(400);
    },
  );

  it('cannot be one of a vendor: its state and its code open nothing here', async () => {
    const browser = new Browser();
    const { page } = await browser.walk(world.vendor('acme').loginUrl);
    const { state = '', code = '' } = Object.fromEntries(page.url.searchParams);
    const answer = await browser.open(
      `${at('/callback')}?${new URLSearchParams({ state, code: code === '' ? 'x' : code }).toString()}`,
    );
    expect(answer.status).toBe(400);
  });

  it('cannot be taken over half way, in another browser than began it', async () => {
    const [alice, mallory] = [new Browser(), new Browser()];
    const { location } = await alice.open(at('/login'));
    const { page } = await mallory.walk(location ?? fail('a login'));
    const { page: last, callback } = await mallory.submitLogin(page, { username: 'bob' });
    expect([last.status, callback]).toEqual([400, undefined]);
    expect(last.body).toContain('begun in another browser');
  });

  it('cannot come back with a state that the relay never saw', async () => {
    const browser = new Browser();
    const { page } = await browser.walk(at('/login'));
    const swap = altered((answer) => {
      const back = new URL(String(answer.headers['location']));
      if (back.searchParams.has('code')) back.searchParams.set('state', 'another');
      return { ...answer, headers: { ...answer.headers, location: back.href } };
    });
    world.upstream.faults.arm('authorize', swap);
    const { page: last, callback } = await browser.submitLogin(page, { username: 'alice' });
    world.upstream.faults.clear();
    expect([last.status, callback]).toEqual([400, undefined]);
    expect(last.body).toContain('not the answer to a login that began here');
  });

  it('makes a session of its own, never one that was there before (fixation)', async () => {
    const browser = new Browser();
    const planted = 'p'.repeat(43);
    await browser.jar.setCookie(`pairwise-account=${planted}; Path=/`, world.proxy.issuer);
    expect((await browser.open(at(''))).body).toContain('/account/login');
    await logInToAccount(world, browser);
    const stolen = new Browser();
    await stolen.jar.setCookie(`pairwise-account=${planted}; Path=/`, world.proxy.issuer);
    expect((await stolen.open(at(''))).body).toContain('/account/login');
  });

  it('ends the session that stood in the browser before', async () => {
    const { browser } = await loggedIn('bob');
    const before = await sessionCookie(browser);
    const again = await logInToAccount(world, browser, 'bob');
    expect(again.status).toBe(200);
    const old = new Browser();
    await old.jar.setCookie(`pairwise-account=${before}; Path=/`, world.proxy.issuer);
    expect((await old.open(at(''))).body).toContain('/account/login');
  });
});

describe('somebody who is not logged in', () => {
  it('sees, gets and ends nothing, and is sent to where logins begin', async () => {
    const browser = new Browser();
    const from = await browser.open(at(''));
    const asked = await browser.open(`${at('/disconnect')}?vendor=acme`);
    const answers = [asked];
    for (const path of ['/disconnect', '/download', '/logout']) {
      answers.push(await browser.open(at(path), { form: { vendor: 'acme', token: '' }, from }));
    }
    for (const { status, location, body } of answers) {
      expect([status, location?.href, body]).toEqual([303, at(''), '']);
    }
    expect((await loggedIn()).page.body).toContain('Vendor acme');
  });
});

describe('somebody else’s vendor', () => {
  it('cannot be disconnected, and is answered like one that does not exist', async () => {
    const { browser, page, token } = await loggedIn('bob');
    const answers = [];
    for (const vendor of ['acme', 'nobody', '../acme', 'acme%00']) {
      const posted = await browser.open(at('/disconnect'), { form: { token, vendor }, from: page });
      const asked = await browser.open(`${at('/disconnect')}?vendor=${encodeURIComponent(vendor)}`);
      answers.push(...[posted, asked].map(({ status, location }) => [status, location?.pathname]));
    }
    expect(new Set(answers.map(String))).toEqual(new Set(['303,/account']));
    expect((await logInToAccount(world, new Browser())).body).toContain('Vendor acme');
  });
});

it('a disconnection that cannot be written down is none', async () => {
  const { browser, page, token } = await loggedIn();
  const { db } = world.database;
  await db.schema.renameTable('audit_log', 'audit_log_away');
  const form = { token, vendor: 'acme' };
  const answer = await browser.open(at('/disconnect'), { form, from: page });
  await db.schema.renameTable('audit_log_away', 'audit_log');
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect((await browser.open(at(''))).body).toContain('Vendor acme');
});

describe('pages', () => {
  it('can be framed by nobody, run nothing, and are kept by nobody', async () => {
    const { browser, page } = await loggedIn();
    const asked = await browser.open(`${at('/disconnect')}?vendor=acme`);
    for (const { headers } of [page, asked, await browser.open(at(''))]) {
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('show what a vendor is called as text', async () => {
    await world.proxy.apply([
      { id: 'acme', name: '<img src=x onerror=alert(1)>"\'&', contacts: ['<b>@acme.example'] },
    ]);
    const { page } = await loggedIn();
    expect(page.body).not.toContain('<img');
    expect(page.body).not.toContain('<b>');
    await world.proxy.apply([{ id: 'acme', name: 'Vendor acme', contacts: [] }]);
  });

  it('lead nowhere but to ourselves and the provider (open redirect)', async () => {
    const { browser } = await loggedIn();
    const named =
      'return_to=https://evil.example&redirect_uri=https://evil.example&next=//evil.example';
    for (const path of ['', '/login', '/disconnect?vendor=nobody&', '/callback']) {
      const page = await browser.open(`${at(path)}${path.includes('?') ? '' : '?'}${named}`);
      expect(page.location?.href ?? '').not.toContain('evil.example');
      expect(page.body).not.toContain('evil.example');
    }
  });
});

describe('sessions', () => {
  it('end with a logout, everywhere, and their cookie is of no use afterwards', async () => {
    const { browser, page } = await loggedIn();
    const cookie = await sessionCookie(browser);
    const out = await press(browser, page, 'Log out');
    expect(out.body).toContain('/account/login');
    const stolen = new Browser();
    await stolen.jar.setCookie(`pairwise-account=${cookie}; Path=/`, world.proxy.issuer);
    expect((await stolen.open(at(''))).body).toContain('/account/login');
  });

  it('never reach the provider through the relay', async () => {
    const { browser } = await loggedIn();
    world.upstream.requests.length = 0;
    await browser.open(`${world.proxy.issuer}/some/page`);
    expect(world.upstream.requests).not.toHaveLength(0);
    for (const { headers } of world.upstream.requests) {
      expect(headers.cookie ?? '').not.toContain('pairwise-');
    }
  });

  it('are not told from their cookie: another user’s subject is not in it', async () => {
    const { browser } = await loggedIn();
    const { idToken } = await world.vendor('bolt').logIn(new Browser(), 'alice');
    const cookies = JSON.stringify(await browser.jar.getCookies(world.proxy.issuer));
    expect(cookies).not.toContain(String(decodeJwt(idToken).sub));
  });
});

function fail(what: string): never {
  throw new Error(`there is not ${what}`);
}

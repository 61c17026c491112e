import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { dashboardPages } from '../../src/dashboard/pages.ts';
import { admitLookup, LOOKUPS_AN_HOUR } from '../../src/operations/lookup-admission.ts';
import { ADMIN_TOKEN } from '../support/admin-world.ts';
import { Browser, type Page } from '../support/browser.ts';
import { createDashboardWorld, STAFF, type DashboardWorld } from '../support/dashboard.ts';

/*
 * Whoever acts at the dashboard can move every vendor's users, and tell who is behind a
 * pseudonym. So an attacker wants to act as somebody there: by a form on a page of their own
 * (CSRF), by a login of their own in an operator's browser (login CSRF, a swapped answer, a
 * planted session), by guessing the token, by stealing the database, by a name that is markup,
 * or, with a small role, by sending the forms of a greater one.
 */

let world: DashboardWorld;
beforeAll(async () => {
  world = await createDashboardWorld([{ id: 'acme' }]);
});
afterAll(() => world.close());

const COOKIE = 'pairwise-dashboard-session';

interface Session {
  readonly browser: Browser;
  /** The overview. */
  readonly page: Page;
  readonly token: string;
}

async function loggedIn(role: keyof typeof STAFF): Promise<Session> {
  const browser = new Browser();
  const callback = await browser.login(`${world.url}/login/provider`, STAFF[role]);
  return sessionOf(browser, await browser.follow(callback));
}

async function withToken(): Promise<Session> {
  const browser = new Browser();
  const login = await browser.open(`${world.url}/login`);
  return sessionOf(browser, (await browser.submit(login, { admin_token: ADMIN_TOKEN })).page);
}

function sessionOf(browser: Browser, page: Page): Session {
  expect(page.body).toContain('<h1>Overview</h1>');
  return { browser, page, token: page.forms[0]?.fields['token'] ?? '' };
}

async function cookieOf({ jar }: Browser): Promise<string> {
  const cookies = await jar.getCookies(world.url);
  return cookies.find(({ key }) => key === COOKIE)?.value ?? '';
}

async function withCookie(value: string): Promise<Page> {
  const browser = new Browser();
  await browser.jar.setCookie(`${COOKIE}=${value}; Path=/`, world.url);
  return browser.open(`${world.url}/vendors`);
}

const isLogin = (page: Page): boolean => page.location?.pathname === '/login';

/** What stands in the tables that forms change. */
async function standing(): Promise<string> {
  const tables = [
    ...['vendors', 'clients', 'phase_changes', 'signing_keys', 'salts', 'mapping_tokens'],
    ...['admin_tokens', 'sector_links', 'pseudonyms'],
  ];
  const rows = [];
  for (const table of tables) rows.push(await world.database.db(table));
  return JSON.stringify(rows);
}

const FORMS = dashboardPages({ health: () => expect.unreachable() })
  .filter(({ method }) => method === 'post')
  .map(({ path }) => path.replace(':vendor', 'acme').replace(':client', 'acme-web'));

describe('a form of somebody else (CSRF)', () => {
  const foreign = [
    ['from another site', { origin: 'https://evil.example' }],
    ['from a page that hides where it is', { origin: 'null' }],
    ['from a neighbour on the same host', { origin: 'http://localhost:1' }],
    ['that a browser tells of', { 'sec-fetch-site': 'cross-site' }],
    ['from another host of the site', { 'sec-fetch-site': 'same-site' }],
    ['without an origin', { origin: '' }],
  ] as const;

  it.each(foreign)('%s does nothing, even with the right token', async (_which, headers) => {
    const { browser, page, token } = await withToken();
    const before = await standing();
    for (const path of FORMS) {
      const answer = await browser.open(`${world.url}${path}`, {
        form: { token, alg: 'ES256', phase: 'public', days: '1', grace_days: '0', confirm: 'true' },
        ...{ from: page, headers },
      });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    expect(await standing()).toBe(before);
  });

  it('has no use for the token of another session, or for none', async () => {
    const other = await withToken();
    const { browser, page } = await withToken();
    for (const token of [other.token, '']) {
      const form = { token, alg: 'ES256' };
      const answer = await browser.open(`${world.url}/keys/rotate`, { form, from: page });
      expect(answer.status).toBe(403);
    }
  });

  it('cannot be a GET', async () => {
    const { browser, token } = await withToken();
    const before = await standing();
    for (const path of FORMS) {
      await browser.open(`${world.url}${path}?token=${token}&phase=public&alg=ES256&days=1`);
    }
    expect(await standing()).toBe(before);
  });

  it('does not log anybody in, or out', async () => {
    const login = new Browser();
    const { page } = await login.walk(`${world.url}/login`);
    const form = { admin_token: ADMIN_TOKEN };
    const headers = { origin: 'https://evil.example' };
    const planted = await login.open(`${world.url}/login/token`, { form, from: page, headers });
    expect([planted.status, planted.headers.get('set-cookie')]).toEqual([403, null]);
    const { browser, page: overview, token } = await withToken();
    await browser.open(`${world.url}/logout`, { form: { token }, from: overview, headers });
    expect((await browser.open(`${world.url}/vendors`)).status).toBe(200);
  });
});

describe('a login of somebody else', () => {
  it('cannot be planted in a browser that began none', async () => {
    const callback = await new Browser().login(`${world.url}/login/provider`, STAFF.operator);
    const victim = new Browser();
    expect((await victim.open(callback)).status).toBe(403);
    expect(isLogin(await victim.open(`${world.url}/vendors`))).toBe(true);
  });

  it('cannot be swapped in by its code, or by its state, nor be used twice', async () => {
    const [one, other] = [new Browser(), new Browser()];
    const own = await one.login(`${world.url}/login/provider`, STAFF.viewer);
    const foreign = await other.login(`${world.url}/login/provider`, STAFF.operator);
    for (const name of ['code', 'state'] as const) {
      const swapped = new URL(own);
      swapped.searchParams.set(name, foreign.searchParams.get(name) ?? '');
      expect((await one.open(swapped)).status).toBe(403);
      expect(isLogin(await one.open(`${world.url}/vendors`))).toBe(true);
    }
    await other.follow(foreign);
    expect((await other.open(foreign)).status).toBe(403);
  });

  it.each(['', '?code=x', '?code=x&state=y', '?error=access_denied&state=z'])(
    'needs an answer to a login of ours, not "%s"',
    async (query) => {
      expect((await new Browser().open(`${world.url}/callback${query}`)).status).toBe(403);
    },
  );

  it('makes a session of its own, never one that was there before (fixation)', async () => {
    const planted = 'p'.repeat(43);
    const browser = new Browser();
    await browser.jar.setCookie(`${COOKIE}=${planted}; Path=/`, world.url);
    await browser.follow(await browser.login(`${world.url}/login/provider`, STAFF.viewer));
    expect(isLogin(await withCookie(planted))).toBe(true);
  });
});

describe('a session', () => {
  it('ends with its log-out, and its cookie is of no use afterwards', async () => {
    const { browser, page } = await loggedIn('viewer');
    const cookie = await cookieOf(browser);
    expect((await withCookie(cookie)).status).toBe(200);
    await browser.submit(page, {});
    expect(isLogin(await withCookie(cookie))).toBe(true);
  });

  it('ends with the erasure of whose it is', async () => {
    const { browser } = await loggedIn('viewer');
    const other = await loggedIn('operator');
    const { username: user } = STAFF.viewer;
    const answer = await fetch(`${world.url}/admin/v1/subjects/erase`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ user, reason: 'left', confirm: true }),
    });
    expect(answer.status).toBe(200);
    expect(isLogin(await browser.open(`${world.url}/vendors`))).toBe(true);
    expect((await other.browser.open(`${world.url}/vendors`)).status).toBe(200);
  });

  it('is not found by what somebody makes up', async () => {
    for (const value of ['x', 'A'.repeat(43), 'A'.repeat(44), "' or 1=1 --", '%00', '__proto__']) {
      expect(isLogin(await withCookie(value))).toBe(true);
    }
  });

  it('is neither usable nor readable by those who have the database', async () => {
    const { browser } = await loggedIn('privacy');
    const cookie = await cookieOf(browser);
    const rows = await world.database
      .db('sealed_references')
      .where({ purpose: 'dashboard_session' });
    const stored = rows.map((row: Record<string, unknown>) =>
      Object.values(row).map((value) =>
        Buffer.isBuffer(value) ? value.toString('latin1') : String(value),
      ),
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const text of ['petra', cookie, ADMIN_TOKEN]) expect(String(stored)).not.toContain(text);
    // A session of another role, put in the place of one's own, does not open there.
    const viewer = await loggedIn('viewer');
    const [privacy] = rows.slice(-1);
    await world.database
      .db('sealed_references')
      .where({ purpose: 'dashboard_session' })
      .update({ value: privacy.value });
    expect((await viewer.browser.open(`${world.url}/people`)).status).toBe(500);
    await world.database.db('sealed_references').where({ purpose: 'dashboard_session' }).delete();
  });

  it('that the admin token opened ends when there is another token', async () => {
    const { browser } = await withToken();
    const replica = await world.proxy.replica({ ADMIN_TOKEN: 'another-0123456789-0123456789' });
    const cookie = `${COOKIE}=${await cookieOf(browser)}`;
    const answer = await fetch(`${replica.adminUrl}/vendors`, {
      ...{ headers: { cookie }, redirect: 'manual' },
    });
    expect(answer.status).toBe(303);
    await replica.close();
    expect((await browser.open(`${world.url}/vendors`)).status).toBe(200);
  });

  it('never reaches the provider through the relay, where both are one host', async () => {
    const { browser } = await withToken();
    world.upstream.requests.length = 0;
    await browser.open(`${world.proxy.issuer}/some/page`);
    expect(world.upstream.requests).not.toHaveLength(0);
    for (const { headers } of world.upstream.requests) {
      expect(headers.cookie ?? '').not.toContain('pairwise-');
    }
  });
});

describe('somebody with a small role', () => {
  it('sends the forms of greater ones in vain', async () => {
    const viewer = await loggedIn('viewer');
    const { browser, page, token } = viewer;
    const before = await standing();
    for (const path of FORMS) {
      const form = {
        ...{ token, vendor: 'acme', id: 'evil', name: 'Evil', client_id: 'evil-web', alg: 'ES256' },
        ...{ phase: 'public', days: '1', grace_days: '0', confirm: 'true', from: '1', state: '' },
        ...{ reason: 'none', user: 'alice', sub: 'x', redirect_uris: 'https://evil.example/cb' },
      };
      const answer = await browser.open(`${world.url}${path}`, { form, from: page });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(answer.body).toContain('Your role does not allow this');
    }
    expect(await standing()).toBe(before);
  });
});

describe('guesses and questions', () => {
  it('are counted for the dashboard and the API together', async () => {
    const { browser, page, token } = await withToken();
    const { keyring, database, application } = world.proxy;
    expect(application.registry.databaseUp).toBe(true);
    const context = { db: database.db, clock: () => new Date(), log: NO_LOG, keyring };
    for (let asked = 0; asked < LOOKUPS_AN_HOUR; asked += 1) {
      await admitLookup(context, { actor: 'token:environment' });
    }
    const form = { token, user: 'alice', reason: 'one more' };
    const answer = await browser.open(`${world.url}/people/list`, { form, from: page });
    expect(answer.status).toBe(429);
  });

  it('at the admin token are throttled', async () => {
    const statuses = new Set<number>();
    for (let guess = 0; guess < 40; guess += 1) {
      const browser = new Browser();
      const form = { admin_token: `guess-${guess}` };
      const headers = { origin: world.url };
      statuses.add((await browser.open(`${world.url}/login/token`, { form, headers })).status);
    }
    expect([...statuses]).toEqual([403, 429]);
  });
});

describe('pages', () => {
  it('can be framed by nobody, run nothing of others, and are kept by nobody', async () => {
    const { browser, page } = await loggedIn('viewer');
    const others = ['/login', '/people', '/clients/nobody'].map((path) => `${world.url}${path}`);
    const shown = [page];
    for (const address of others) shown.push(await browser.open(address));
    for (const { headers } of shown) {
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('hold nothing inline, and nothing of an address', async () => {
    const { browser } = await loggedIn('viewer');
    const paths = ['/', '/audit', '/rollout/acme-web', '/clients/acme-web?done=<b>x</b>'];
    for (const path of [...paths, '/clients?vendor="><script>alert(1)</script>']) {
      const { body } = await browser.open(`${world.url}${path}`);
      expect(body).not.toMatch(/<script(?! src="\/assets\/htmx\.js" defer>)/);
      expect(body).not.toMatch(/\son[a-z]+=|\sstyle=|<style/);
      expect(body).not.toContain('<b>x');
    }
  });

  it('are on the admin listener alone', async () => {
    for (const path of ['/login/token', '/vendors', '/assets/dashboard.css']) {
      const answer = await fetch(`${world.proxy.issuer}${path}`);
      expect(await answer.text()).not.toContain('pairwise-proxy</title>');
    }
  });
});

const NO_LOG = { error: () => undefined } as never;

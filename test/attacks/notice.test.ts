import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { bytes } from '../../src/database/bytes.ts';
import { appendChange } from '../../src/database/changes.ts';
import { inTransaction } from '../../src/database/connection.ts';
import { Browser } from '../support/browser.ts';
import type { Page, Walk } from '../support/browser.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * The notice stands between a user and a release. Whoever can answer it for the
 * user, by a form on another site, with another browser's cookie, with the
 * reference of another login, by answering twice at two replicas, or by letting
 * it be overtaken by a change, takes the choice away. Each is tried here, and so
 * is what honest people do: going back, reloading, opening two tabs, waiting.
 */

describe('the notice', () => {
  let world: World;
  let replica: TestProxy;
  let offset = 0;
  let browser: Browser;
  beforeAll(async () => {
    world = await createWorld(
      [
        ...['acme', 'bolt'].map((id) => ({ id, vendor: { notice: true } })),
        { id: 'late', vendor: { notice: true } },
        { id: 'old', authentication: 'forwarded' },
      ],
      {
        environment: { FRONT_CHANNEL: 'callback', MAX_STALENESS: '86400' },
        clock: () => new Date(Date.now() + offset * 1000),
      },
    );
    replica = await world.proxy.replica({});
  });
  afterAll(async () => {
    await replica.close();
    await world.close();
  });
  beforeEach(() => {
    browser = new Browser();
  });

  it('cannot be answered by a form of another site', async () => {
    const page = await atNotice(browser);
    for (const site of ['cross-site', 'same-site', 'none']) {
      const form = { ...page.forms[0]?.fields, answer: 'continue' };
      const headers = { 'sec-fetch-site': site };
      const answer = await browser.open(`${world.proxy.issuer}/oidc/notice`, { form, headers });
      expect([answer.status, answer.location]).toEqual([400, undefined]);
    }
    expect(codeIn(await browser.submit(page, { answer: 'continue' }))).toBeDefined();
  });

  it('cannot be answered without its reference, or by another vendor’s page of the same browser', async () => {
    const acme = await atNotice(browser, 'acme');
    const bolt = await atNotice(browser, 'bolt');
    for (const notice of ['', 'x'.repeat(43), `${acme.forms[0]?.fields['notice']}.`]) {
      const { page, callback } = await browser.submit(acme, { notice, answer: 'continue' });
      expect([page.status, callback]).toEqual([400, undefined]);
    }
    const swapped = await browser.submit(acme, {
      notice: bolt.forms[0]?.fields['notice'] ?? '',
      answer: 'continue',
    });
    // It is bolt's page then, answered by whom bolt's page was shown to.
    expect(swapped.callback?.href.startsWith(world.vendor('bolt').redirectUri)).toBe(true);
    expect(codeIn(await browser.submit(acme, { answer: 'continue' }))).toBeDefined();
  });

  it('is neither shown to nor answered by another browser, whose cookie is as good as none', async () => {
    const page = await atNotice(browser);
    const other = new Browser();
    await atNotice(other, 'acme', 'bob');
    expect((await other.open(page.url)).status).toBe(400);
    expect((await other.submit(page, { answer: 'continue' })).callback).toBeUndefined();
    expect((await new Browser().submit(page, { answer: 'continue' })).callback).toBeUndefined();
    expect(codeIn(await browser.submit(page, { answer: 'continue' }))).toBeDefined();
  });

  it('cannot be left out by a code of the provider’s that has been shown a page already', async () => {
    const { page } = await logIn(browser, request('acme'), 'alice');
    const arrival = browser.pages.find(({ url }) => url.pathname === '/oidc/callback');
    if (arrival === undefined) throw new Error('no callback');
    const again = await browser.open(arrival.url);
    expect(again.location?.searchParams.get('code') ?? null).toBeNull();
    expect(page.url.pathname).toBe('/oidc/notice');
  });

  it('answered twice, at two replicas at once, yields one code', async () => {
    const page = await atNotice(browser);
    const form = { ...page.forms[0]?.fields, answer: 'continue' };
    const answers = await Promise.all(
      [world.proxy.issuer, replica.issuer, world.proxy.issuer].map((issuer) =>
        browser.open(`${issuer}/oidc/notice`, { form }),
      ),
    );
    expect(answers.filter(({ location }) => location?.searchParams.has('code'))).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(2);
  });

  it('cannot be gone on from after it was cancelled, nor the other way round', async () => {
    for (const [first, second] of [
      ['cancel', 'continue'],
      ['continue', 'cancel'],
    ] as const) {
      const page = await atNotice(browser);
      const { callback } = await browser.submit(page, { answer: first });
      expect(callback?.searchParams.has('code')).toBe(first === 'continue');
      const late = await browser.submit(page, { answer: second });
      expect([late.callback, late.page.status]).toEqual([undefined, 400]);
      expect(late.page.body).toContain('was answered already');
    }
  });

  it('is shown again by reloading and by the back button until it is answered', async () => {
    const page = await atNotice(browser);
    const again = await browser.open(page.url);
    expect(again.body).toBe(page.body);
    await browser.submit(again, { answer: 'continue' });
    const back = await browser.open(page.url);
    expect([back.status, back.forms]).toEqual([400, []]);
    expect(back.body).toContain('was answered already');
  });

  it('of two tabs, each is answered on its own', async () => {
    const tabs = [await atNotice(browser), await atNotice(browser)];
    for (const tab of tabs) {
      expect(codeIn(await browser.submit(tab, { answer: 'continue' }))).toBeDefined();
    }
  });

  it('is gone after ten minutes', async () => {
    const page = await atNotice(browser);
    offset += 601;
    const { page: late } = await browser.submit(page, { answer: 'continue' });
    expect(late.status).toBe(400);
    expect(late.body).toContain('has expired');
  });

  it('is shown anew where the vendor gets more by the time it is answered', async () => {
    const page = await atNotice(browser);
    const vendor = world.proxy.application.registry.vendor('acme');
    const policy = 'https://acme.example/new-privacy';
    await world.proxy.apply([{ id: 'acme', name: vendor?.name, notice: true, policy_uri: policy }]);
    const { page: anew, callback } = await browser.submit(page, { answer: 'continue' });
    expect(callback).toBeUndefined();
    expect(anew.body).toContain(policy);
    expect(codeIn(await browser.submit(anew, { answer: 'continue' }))).toBeDefined();
    await world.proxy.apply([{ id: 'acme', name: vendor?.name, notice: true }]);
  });

  it.each([{ answer: '' }, { answer: 'yes' }, { answer: 'continue', notice: '' }])(
    'takes no other answer: %o',
    async (fields) => {
      const page = await atNotice(browser);
      const { page: refused, callback } = await browser.submit(page, fields);
      expect([refused.status, callback]).toEqual([400, undefined]);
      expect(codeIn(await browser.submit(page, { answer: 'continue' }))).toBeDefined();
    },
  );

  // `apply` refuses both; rows that got there otherwise must not be a way round the page.
  it('refuses a forwarded client, before the login', async () => {
    await alter('vendors', { id: bytes('old') }, { notice: true }, ['vendor', 'old']);
    const { callback } = await browser.walk(request('old'));
    expect(callback?.searchParams.get('error')).toBe('unauthorized_client');
  });

  it('refuses a client that became a forwarded one while its user logged in', async () => {
    const login = await browser.walk(request('late'));
    const where = { client_id: bytes('late-web') };
    await alter('clients', where, { has_upstream: false }, ['client', 'late-web']);
    const { callback } = await browser.submitLogin(login.page, { username: 'alice' });
    expect(callback?.searchParams.get('error')).toBe('server_error');
    expect(callback?.searchParams.has('code')).toBe(false);
  });

  async function alter(
    table: string,
    where: object,
    values: object,
    [kind, target]: readonly ['vendor' | 'client', string],
  ): Promise<void> {
    await inTransaction(world.database.db, async (trx) => {
      expect(await trx(table).where(where).update(values)).toBe(1);
      await appendChange(trx, kind, target, new Date());
    });
    await world.proxy.application.registry.refresh();
  }

  function request(id: string): URL {
    const { clientId, redirectUri } = world.vendor(id);
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    url.search = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: redirectUri, response_type: 'code' },
      ...{ scope: 'openid', prompt: 'consent' },
    }).toString();
    return url;
  }

  async function atNotice(visitor: Browser, id = 'acme', username = 'alice'): Promise<Page> {
    const { page } = await logIn(visitor, request(id), username);
    if (page.url.pathname !== '/oidc/notice') throw new Error(page.body);
    return page;
  }
});

async function logIn(browser: Browser, address: URL, username: string): Promise<Walk> {
  const walk = await browser.walk(address);
  const asks = walk.page.forms.some(({ fields }) => 'password' in fields);
  return asks ? browser.submitLogin(walk.page, { username }) : walk;
}

function codeIn({ callback }: Walk): string | undefined {
  return callback?.searchParams.get('code') ?? undefined;
}

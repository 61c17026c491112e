import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE } from '../../demo/legacy-idp/users.ts';
import { ADMIN_TOKEN } from '../support/admin-world.ts';
import { Browser as Visitor } from '../support/browser.ts';
import { startChromium } from '../support/chromium.ts';
import {
  createDashboardWorld,
  freshPage,
  keepScreenshot,
  logInAs,
  openWithToken,
  STAFF,
  type DashboardWorld,
} from '../support/dashboard.ts';

/*
 * What people do at the dashboard, by clicks in a real browser: each with a role of their own,
 * logged in at the real provider. Scripts are off where nothing is said of them.
 */

let browser: Browser;
let world: DashboardWorld;
/** How far the proxy's clock is ahead, in milliseconds. */
let ahead = 0;
const opened: BrowserContext[] = [];

beforeAll(async () => {
  browser = await startChromium();
  const clock = (): Date => new Date(Date.now() + ahead);
  world = await createDashboardWorld([{ id: 'acme', client: { phase: 'public' } }], { clock });
});
afterAll(async () => {
  for (const context of opened) await context.close();
  await browser.close();
  await world.close();
});

async function blank(javaScriptEnabled = false): Promise<Page> {
  const { page, context } = await freshPage(browser, world.url, { javaScriptEnabled });
  opened.push(context);
  return page;
}

const pages = new Map<keyof typeof STAFF, Page>();

/** The page of somebody who logged in once, and goes on with it from test to test. */
async function as(role: keyof typeof STAFF): Promise<Page> {
  const known = pages.get(role);
  if (known !== undefined) return known;
  const page = await blank();
  await logInAs(page, world.url, STAFF[role]);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  pages.set(role, page);
  return page;
}

function open(page: Page, path: string) {
  return page.goto(`${world.url}${path}`);
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

describe('logging in', () => {
  it('through the provider gives what the roles there give, until the log-out', async () => {
    const page = await as('viewer');
    const sections = await page.getByRole('navigation').getByRole('link').allInnerTexts();
    expect(sections).not.toContain('People');
    expect(await page.getByRole('banner').innerText()).toContain('vera read');
    pages.delete('viewer');
    await press(page, 'Log out');
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await open(page, '/audit');
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });

  it('is refused to those who have no role, and nobody records who they are', async () => {
    const page = await blank();
    await logInAs(page, world.url, ALICE);
    await page.getByText('have no role here').waitFor();
    const rows = await world.database.db('audit_log').where({ act: 'dashboard.refused' });
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows.map(({ actor }) => String(actor)))).toBe('["user"]');
  });

  it('with the admin token opens a session that may do everything', async () => {
    const page = await blank();
    await openWithToken(page, world.url, 'not-the-token');
    await page.getByText('This is not the admin token.').waitFor();
    await openWithToken(page, world.url, ADMIN_TOKEN);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(await page.getByRole('banner').innerText()).toContain('read, operate, privacy');
    expect(await page.content()).not.toContain(ADMIN_TOKEN);
  });
});

describe('a rollout', () => {
  it('goes its whole way, past its gates, and back, by clicks', async () => {
    const page = await as('operator');
    const client = () => open(page, '/rollout/acme-web');
    const take = async (step: string): Promise<void> => {
      await client();
      await page.getByRole('heading', { name: `Next step: ${step}`, exact: true }).waitFor();
      await press(page, `Go to ${step}`);
      await page.getByText('Set. It holds').waitFor();
    };
    const subOf = async (): Promise<string> => {
      await world.proxy.application.registry.refresh();
      return subjectOf(await world.vendor('acme').logIn(new Visitor(), 'alice'));
    };
    expect(await subOf()).toBe('alice');
    await take('shadow');
    expect(await subOf()).toBe('alice');
    await client();
    expect(await page.locator('#gates').innerText()).toContain('red shadow error rate');
    await page.getByLabel('pairwise', { exact: true }).check();
    await page.getByLabel('Pilot users (optional)').fill('bob');
    await page.locator('#set-why').fill('first week');
    await press(page, 'Set the phase');
    await page.getByText('Set. It holds').waitFor();
    expect(await subOf()).toBe('alice');
    for (const step of ['5 %', '50 %', '100 %']) await take(step);
    const pseudonym = await subOf();
    expect(pseudonym).not.toContain('alice');
    await take('done');

    await open(page, '/rollout');
    await keepScreenshot(page, 'dashboard-rollout-board');
    const goBack = page.getByRole('button', { name: 'Roll acme-web back to' });
    await goBack.click();
    await page.getByText('Rolled back.').waitFor();
    expect(await subOf()).toBe(pseudonym);
    await client();
    await keepScreenshot(page, 'dashboard-rollout-history');
    const history = await page.getByRole('region', { name: 'History' }).innerText();
    for (const told of ['dashboard:otto', 'first week', 'done', 'red']) {
      expect(history).toContain(told);
    }
    for (let version = 6; version > 1; version -= 1) {
      await open(page, '/rollout');
      await goBack.click();
      await page.getByText('Rolled back.').waitFor();
    }
    expect(await goBack.count()).toBe(0);
    expect(await subOf()).toBe('alice');
  });

  it('goes no further in a freeze, which an operator lifts', async () => {
    const page = await as('operator');
    await open(page, '/rollout');
    await page.locator('summary').click();
    await page.getByLabel('Reason (optional)').fill('a bad day');
    await press(page, 'Freeze rollouts');
    await page.getByText('“a bad day”').waitFor();
    await open(page, '/rollout/acme-web');
    expect(await page.locator('#gates').innerText()).toContain('Rollouts are frozen.');
    await page.getByLabel('pairwise', { exact: true }).check();
    await press(page, 'Set the phase');
    await page.getByRole('alert').waitFor();
    await open(page, '/rollout');
    await press(page, 'Lift the freeze');
    await page.getByText('The freeze is lifted.').waitFor();
  });

  it('shows its gates on the board where scripts run', async () => {
    const page = await blank(true);
    await logInAs(page, world.url, STAFF.viewer);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await open(page, '/rollout');
    await page.locator('.card ul.gates li').first().waitFor();
    await keepScreenshot(page, 'dashboard-rollout-gates');
  });

  it('is not moved by somebody who has seen another state', async () => {
    const one = await as('operator');
    const other = await one.context().newPage();
    for (const page of [one, other]) await open(page, '/rollout/acme-web');
    await one.getByLabel('shadow', { exact: true }).check();
    await press(one, 'Set the phase');
    await one.getByText('Set. It holds').waitFor();
    await other.getByLabel('public', { exact: true }).check();
    await press(other, 'Set the phase');
    await other.getByText('has been changed meanwhile').waitFor();
    await other.getByText('is at version').waitFor();
  });

  it('is shown to viewers, who have no button for it', async () => {
    const page = await as('viewer');
    for (const path of [
      '/rollout',
      '/rollout/acme-web',
      '/keys',
      '/vendors/acme',
      '/clients/acme-web',
    ]) {
      await open(page, path);
      expect(await page.locator('main button').allInnerTexts()).toEqual([]);
    }
  });
});

describe('people', () => {
  it('are looked up by a privacy officer, with a reason, and found', async () => {
    const { sub } = await pairwiseLogin();
    const page = await as('privacy');
    await open(page, '/people');
    await page.getByLabel('Client that was given it').fill('acme-web');
    await page.getByLabel('Pseudonym (sub)').fill(sub);
    await page.locator('#lookup-why').fill('ticket 4711');
    await press(page, 'Look up');
    await page.getByRole('heading', { name: 'Found' }).waitFor();
    expect(await page.getByRole('status').innerText()).toContain('alice');
    expect(page.url()).not.toContain('alice');
    await open(page, '/audit?act=subject.looked_up');
    const entries = await page.getByRole('region', { name: 'Entries' }).innerText();
    expect(entries).toContain('dashboard:petra');
    expect(entries).toContain('ticket 4711');
  });

  it('are not looked up by a viewer: the page is closed, the form refused, the attempt in the log', async () => {
    const { sub } = await pairwiseLogin();
    const page = await as('viewer');
    expect((await open(page, '/people'))?.status()).toBe(403);
    expect(await page.locator('main').innerText()).toContain('Only the role privacy');
    // What the form would send, from the viewer's own page and session.
    const token = await page.locator('header input[name=token]').getAttribute('value');
    const answer = await page.request.post(`${world.url}/people/lookup`, {
      form: { token: token ?? '', client_id: 'acme-web', sub, reason: 'curiosity' },
      headers: { origin: world.url },
    });
    expect(answer.status()).toBe(403);
    const body = await answer.text();
    expect(body).toContain('Your role does not allow this');
    expect(body).not.toContain('alice');
    const refused = world.proxy.log.filter(({ msg }) => msg === 'an admin request was refused');
    expect(refused.at(-1)).toMatchObject({ code: 'insufficient_scope', actor: 'dashboard:vera' });
  });

  it('are listed, exported and erased', async () => {
    await pairwiseLogin();
    const page = await as('privacy');
    const fill = async (id: string): Promise<void> => {
      await open(page, '/people');
      await page.locator(`#${id}-user`).fill('alice');
      await page.locator(`#${id}-why`).fill('asked for by the user');
    };
    await fill('list');
    await press(page, 'List');
    await page.getByRole('heading', { name: /^Pseudonyms of the user: [1-9]/ }).waitFor();
    await fill('export');
    const waiting = page.waitForEvent('download');
    await press(page, 'Download');
    expect((await waiting).suggestedFilename()).toBe('what-is-held-on-a-user.json');
    await fill('erase');
    await page.locator('#erase-sure').check();
    await press(page, 'Erase');
    await page.getByRole('heading', { name: 'Erased' }).waitFor();
    await page.getByRole('status').getByRole('link').click();
    expect(await page.getByRole('region', { name: 'Entries' }).innerText()).toContain(
      'subject.erased',
    );
  });
});

describe('a file of users', () => {
  it('is looked at, then imported, by a privacy officer', async () => {
    const page = await as('privacy');
    await open(page, '/people');
    await page.getByRole('link', { name: 'Import users' }).click();
    const content = Buffer.from('local_subject\numa\nvic\n');
    const choose = () =>
      page
        .getByLabel('File', { exact: true })
        .setInputFiles({ name: 'users.csv', mimeType: 'text/csv', buffer: content });
    await choose();
    await page.getByLabel('In the sector of the client').fill('acme-web');
    await press(page, 'Import');
    await page.getByText('that would be imported: 2').waitFor();
    await choose();
    await page.getByLabel('Look at everything and write nothing').uncheck();
    await press(page, 'Import');
    await page.getByText('imported: 2; there already: 0').waitFor();
  });
});

describe('vendors and clients', () => {
  it('are made by clicks, a secret shown once, and changed', async () => {
    const page = await as('operator');
    await open(page, '/new-vendor');
    await page.getByLabel('Id', { exact: true }).fill('nova');
    await page.getByLabel('Name', { exact: true }).fill('Nova Learning');
    await press(page, 'Add');
    await page.getByRole('heading', { name: 'Nova Learning' }).waitFor();
    await page.getByRole('link', { name: 'Add a client' }).click();
    await page.getByLabel('client_id', { exact: true }).fill('nova-web');
    await page.getByLabel('Redirect URIs', { exact: true }).fill('https://nova.example/cb#no');
    await page.getByLabel('Make a random secret').check();
    await page.getByLabel('client_id at the provider').fill('legacy-nova');
    await page.getByLabel('Secret at the provider').fill('at-the-provider');
    await press(page, 'Add');
    // A mistake is told beside its field, and what was typed is still there.
    const uris = page.getByLabel('Redirect URIs', { exact: true });
    expect(await uris.getAttribute('aria-invalid')).toBe('true');
    expect(await uris.inputValue()).toBe('https://nova.example/cb#no');
    await uris.fill('https://nova.example/cb');
    await page.getByLabel('Secret at the provider').fill('at-the-provider');
    await press(page, 'Add');
    await page.getByRole('heading', { name: 'The client’s secret' }).waitFor();
    const secret = await page.locator('code.secret').innerText();
    expect(secret).toMatch(/^[\w-]{43}$/);

    await page.getByRole('link', { name: 'Go to the client' }).click();
    expect(await page.content()).not.toContain(secret);
    await page.getByLabel('Name', { exact: true }).fill('Nova on the web');
    await page.getByLabel('Other members').fill('{"require_auth_time": true}');
    await press(page, 'Change');
    await page.getByText('Changed.').waitFor();
    const answer = await fetch(`${world.url}/admin/v1/clients/nova-web`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect(await answer.json()).toMatchObject({
      ...{ client_name: 'Nova on the web', require_auth_time: true, has_client_secret: true },
      redirect_uris: ['https://nova.example/cb'],
    });
  });

  it('keep their sector unless whose subjects change is confirmed', async () => {
    await pairwiseLogin();
    const page = await as('operator');
    await open(page, '/clients/acme-web');
    await page.getByLabel('Other members').fill('{"sector": "elsewhere"}');
    await press(page, 'Change');
    await page.getByLabel(/^Change the subject of \d+ users\.$/).waitFor();
    await open(page, '/sectors');
    expect(await page.locator('main').innerText()).not.toContain('elsewhere');
  });

  it('get mapping tokens from a privacy officer, which an operator ends', async () => {
    const officer = await as('privacy');
    await open(officer, '/clients/acme-web');
    await press(officer, 'Make a mapping token');
    expect(await officer.locator('code.secret').innerText()).toMatch(/^ppm_/);
    const operator = await as('operator');
    await open(operator, '/clients/acme-web');
    await operator.getByRole('button', { name: 'End the token' }).click();
    await operator.getByText('The token is dead.').waitFor();
  });
});

describe('keys and the audit log', () => {
  it('rotate, and tell who did it; the chain holds', async () => {
    const page = await as('operator');
    await open(page, '/keys');
    await page.locator('#keys-why').fill('yearly');
    await press(page, 'Rotate keys');
    await page.getByText('The next signing keys are published').waitFor();
    await page.locator('#salt-sure').check();
    await press(page, 'Rotate the salt');
    await page.getByText('derived from a new salt').waitFor();
    await open(page, '/audit');
    await page.getByLabel('Act', { exact: true }).fill('salt.*');
    await press(page, 'Filter');
    const entries = await page.getByRole('region', { name: 'Entries' }).innerText();
    expect(entries).toContain('salt.rotated');
    expect(entries).not.toContain('dashboard.logged_in');
    await page.getByRole('link', { name: 'Verify the chain' }).click();
    await page.getByText('intact').waitFor();
  });

  it('verify in place where scripts run', async () => {
    const page = await blank(true);
    await logInAs(page, world.url, STAFF.viewer);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await open(page, '/audit');
    await page.getByRole('link', { name: 'Verify the chain' }).click();
    await page.getByText('intact').waitFor();
    expect(new URL(page.url()).pathname).toBe('/audit');
    await page.getByRole('heading', { name: 'Entries' }).waitFor();
  });
});

describe('a session', () => {
  it('ends by itself: in an hour with the admin token, in four through the provider', async () => {
    const viewer = await as('viewer');
    const bearer = await blank();
    await openWithToken(bearer, world.url, ADMIN_TOKEN);
    const isIn = async (page: Page): Promise<boolean> => {
      await open(page, '/vendors');
      return (await page.getByRole('heading', { level: 1 }).innerText()) === 'Vendors';
    };
    const hour = 3_600_000;
    try {
      ahead = hour - 60_000;
      expect([await isIn(viewer), await isIn(bearer)]).toEqual([true, true]);
      ahead = hour + 60_000;
      expect([await isIn(viewer), await isIn(bearer)]).toEqual([true, false]);
      ahead = 4 * hour + 60_000;
      expect(await isIn(viewer)).toBe(false);
    } finally {
      ahead = 0;
    }
  });
});

/** A login of alice in pairwise, whatever came before. */
async function pairwiseLogin(): Promise<{ readonly sub: string }> {
  const { proxy } = world;
  const current = await fetch(`${world.url}/admin/v1/clients/acme-web/rollout`, {
    method: 'PUT',
    headers: {
      ...{ authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      'if-match': '*',
    },
    body: JSON.stringify({ phase: 'pairwise' }),
  });
  expect(current.status).toBe(200);
  await proxy.application.registry.refresh();
  const tokens = await world.vendor('acme').logIn(new Visitor(), 'alice');
  return { sub: subjectOf(tokens) };
}

function subjectOf({ claims }: { readonly claims: Readonly<Record<string, unknown>> }): string {
  return String(claims['sub']);
}

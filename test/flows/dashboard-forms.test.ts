import { FormData } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MOST_FILE_BYTES } from '../../src/admin/routes/subject-files.ts';
import { Browser, type Page } from '../support/browser.ts';
import { createDashboardWorld, STAFF, type DashboardWorld } from '../support/dashboard.ts';

/*
 * What the dashboard's forms do, sent as a browser without scripts sends them: each says what it
 * would do before it does it, and does what the command and the admin API do.
 */

let world: DashboardWorld;
const visitors = new Map<keyof typeof STAFF, Browser>();
beforeAll(async () => {
  world = await createDashboardWorld([{ id: 'acme' }, { id: 'bolt' }]);
  for (const role of ['viewer', 'operator', 'privacy'] as const) {
    const browser = new Browser();
    await browser.follow(await browser.login(`${world.url}/login/provider`, STAFF[role]));
    visitors.set(role, browser);
  }
});
afterAll(() => world.close());

function as(role: keyof typeof STAFF): Browser {
  return visitors.get(role) ?? expect.unreachable();
}

const open = (browser: Browser, path: string): Promise<Page> => browser.open(`${world.url}${path}`);

/** Sends the form of a page that goes to this path; where it is led to, or what it is answered. */
async function send(
  browser: Browser,
  page: Page,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Page> {
  const which = page.forms.findIndex(({ action }) => action.pathname === path);
  // An untouched box is not sent.
  const { confirm: _, ...untouched } = page.forms[which]?.fields ?? {};
  expect(untouched).toHaveProperty('token');
  return (
    await browser.walk(`${world.url}${path}`, { form: { ...untouched, ...fields }, from: page })
  ).page;
}

async function fill(
  browser: Browser,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Page> {
  return send(browser, await open(browser, path), path, fields);
}

/** Sends a form with a file. */
async function upload(
  browser: Browser,
  path: string,
  file: { readonly name: string; readonly content: string | Uint8Array<ArrayBuffer> },
  fields: Readonly<Record<string, string>>,
): Promise<Page> {
  const page = await open(browser, path);
  const token = page.forms.find(({ action }) => action.pathname === path)?.fields['token'] ?? '';
  const multipart = new FormData();
  for (const [name, value] of Object.entries({ token, ...fields })) multipart.set(name, value);
  multipart.set('file', new File([file.content], file.name));
  return browser.open(`${world.url}${path}`, { multipart, from: page });
}

function textOf({ body }: Page): string {
  const main = body.replace(/^.*<main[^>]*>/s, '');
  return main
    .replaceAll(/<[^>]*>|\s+/g, ' ')
    .replaceAll(/ +/g, ' ')
    .replaceAll('&quot;', '"');
}

const rows = async (table: string): Promise<number> => {
  const [row] = await world.database.db(table).count<{ count: number }[]>({ count: '*' });
  return Number(row?.count);
};

describe('importing users of a file', () => {
  const users = { name: 'users.csv', content: 'local_subject,sub\numa,u-1\nvic,v-1\n' };

  it('looks at it first, then writes it, and leaves what stands', async () => {
    const officer = as('privacy');
    const before = await rows('pseudonyms');
    const dry = await upload(officer, '/people/import', users, {
      ...{ client: 'acme-web', dry_run: 'true' },
    });
    expect(textOf(dry)).toContain('that would be imported: 2');
    expect(await rows('pseudonyms')).toBe(before);
    const done = await upload(officer, '/people/import', users, { client: 'acme-web' });
    expect(textOf(done)).toContain('imported: 2; there already: 0');
    expect(await rows('pseudonyms')).toBe(before + 2);
    const again = await upload(officer, '/people/import', users, { client: 'acme-web' });
    expect(textOf(again)).toContain('imported: 0; there already: 2');
  });

  it.each([
    ['a wrong line', 'bad.csv', 'local_subject,sub\nwil,w-1\n,x-1\n', 'Line 3:'],
    [
      'bytes that are not UTF-8',
      'bad.ndjson',
      Uint8Array.of(0x7b, 0xff, 0x0a),
      'Line 1: is not UTF-8',
    ],
  ])('tells %s by its number, and nobody by name', async (_what, name, content, shown) => {
    const before = await rows('pseudonyms');
    const answer = await upload(
      as('privacy'),
      '/people/import',
      { name, content },
      {
        client: 'acme-web',
      },
    );
    expect(answer.status).toBe(422);
    expect(textOf(answer)).toContain(shown);
    expect(textOf(answer)).not.toContain('wil');
    expect(await rows('pseudonyms')).toBe(before);
  });

  it('takes no file that is too long, and names the command that does', async () => {
    const content = new Uint8Array(MOST_FILE_BYTES + 1).fill(0x61);
    const longer = new Uint8Array(2 * MOST_FILE_BYTES).fill(0x61);
    for (const each of [content, longer]) {
      const file = { name: 'users.csv', content: each };
      const answer = await upload(as('privacy'), '/people/import', file, { client: 'acme-web' });
      expect(answer.status).toBe(413);
      expect(textOf(answer)).toContain('pairwise-proxy subject import FILE --client CLIENT');
    }
  });

  it.each([
    ['without a file', { name: 'users.csv', content: '' }, 'is missing, or empty'],
    [
      'of a format that it does not say',
      { name: 'users', content: 'a' },
      'does not say its format',
    ],
  ])('is refused %s', async (_what, file, shown) => {
    const answer = await upload(as('privacy'), '/people/import', file, { client: 'acme-web' });
    expect(answer.status).toBe(400);
    expect(textOf(answer)).toContain(shown);
  });

  it('is a matter of the privacy role: no form and no upload for others', async () => {
    const page = await open(as('operator'), '/people/import');
    expect(page.status).toBe(403);
    const multipart = new FormData();
    multipart.set('token', page.forms[0]?.fields['token'] ?? '');
    multipart.set('client', 'acme-web');
    multipart.set('file', new File([users.content], users.name));
    const sent = await as('operator').open(`${world.url}/people/import`, { multipart, from: page });
    expect([sent.status, textOf(sent)]).toEqual([
      403,
      expect.stringContaining('Your role does not allow this'),
    ]);
    const own = await open(as('privacy'), '/people/import');
    multipart.set('token', own.forms[0]?.fields['token'] ?? '');
    const elsewhere = await as('privacy').open(`${world.url}/people/import`, {
      ...{ multipart, from: own, headers: { origin: 'https://evil.example' } },
    });
    expect(elsewhere.status).toBe(403);
    multipart.set('token', 'of-another-session');
    const foreign = await as('privacy').open(`${world.url}/people/import`, {
      multipart,
      from: page,
    });
    expect(foreign.status).toBe(403);
  });
});

describe('renamed users', () => {
  it('are linked one by one, when it is said that they are the same', async () => {
    const officer = as('privacy');
    const names = { user: 'uma', to: 'uma-2', reason: 'ticket 9' };
    const unsure = await fill(officer, '/people/renamed', names);
    expect(unsure.status).toBe(409);
    expect(unsure.body).not.toContain('uma');
    const done = await fill(officer, '/people/renamed', { ...names, confirm: 'true' });
    expect(textOf(done)).toContain('Sectors in which the pseudonym is kept: 1');
  });

  it('are linked by a file', async () => {
    const file = {
      name: 'renamed.ndjson',
      content: '{"old_local_subject":"vic","new_local_subject":"vic-2"}\n',
    };
    const fields = { grace_days: '30', confirm: 'true' };
    const dry = { ...fields, dry_run: 'true' };
    expect(textOf(await upload(as('privacy'), '/people/link', file, dry))).toContain(
      'that would be linked: 1',
    );
    expect(textOf(await upload(as('privacy'), '/people/link', file, fields))).toContain(
      'linked: 1',
    );
    expect(textOf(await upload(as('privacy'), '/people/link', file, fields))).toContain(
      'linked before: 1',
    );
  });
});

describe('admin tokens', () => {
  it('are shown once, do what they may, and end', async () => {
    const operator = as('operator');
    const made = await fill(operator, '/tokens', { name: 'script', scope: 'read', days: '7' });
    const token = /ppa_[\w-]{43}/.exec(made.body)?.[0] ?? '';
    expect(token).not.toBe('');
    const list = await open(operator, '/tokens');
    expect(list.body).toContain('script');
    expect(list.body).not.toContain(token);
    const call = () =>
      fetch(`${world.url}/admin/v1/token`, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await call()).json()).toMatchObject({ name: 'script', scopes: ['read'] });
    const ended = await fill(operator, '/tokens', { name: 'script', scope: 'read', days: '7' });
    expect([ended.status, textOf(ended)]).toEqual([409, expect.stringContaining('another name')]);
    expect(textOf(await send(operator, list, '/tokens/end', { name: 'script' }))).toContain(
      'The token is dead.',
    );
    expect((await call()).status).toBe(401);
  });

  it('cannot be made with more than who makes them may, nor by a viewer', async () => {
    const more = { name: 'more', scope: 'privacy', days: '7' };
    expect((await fill(as('operator'), '/tokens', more)).status).toBe(403);
    const page = await open(as('viewer'), '/tokens');
    expect(page.forms.map(({ action }) => action.pathname)).toEqual(['/logout']);
    const form = { ...more, scope: 'read', token: page.forms[0]?.fields['token'] ?? '' };
    const sent = await as('viewer').open(`${world.url}/tokens`, { form, from: page });
    expect(sent.status).toBe(403);
  });
});

describe('sectors', () => {
  it('are linked and unlinked after what it means was shown', async () => {
    const operator = as('operator');
    const sectors = await world.database
      .db('sectors')
      .orderBy('vendor_id')
      .select<{ sector: Buffer }[]>('sector');
    const [into = '', sector = ''] = sectors.map((row) => String(row.sector));
    const pair = { sector, into, vendors: 'acme\nbolt', keep: 'into' };
    const asked = await fill(operator, '/sectors/link', pair);
    expect([asked.status, textOf(asked)]).toEqual([
      409,
      expect.stringContaining('can then tell which users they have in common'),
    ]);
    const done = await send(operator, asked, '/sectors/link', { ...pair, confirm: 'true' });
    expect(textOf(done)).toContain('The sectors share their subjects');
    const listed = await open(operator, '/sectors');
    expect(textOf(listed)).toContain(`linked into ${into} , of another vendor`);
    const question = await fill(operator, '/sectors/unlink', { sector });
    expect(textOf(question)).toContain('get a new subject in it');
    const parted = await send(operator, question, '/sectors/unlink', { sector, confirm: 'true' });
    expect(textOf(parted)).toContain('The sector has subjects of its own');
    expect(await rows('sector_links')).toBe(0);
  });
});

describe('vendors and clients', () => {
  it('get another secret after a box is ticked', async () => {
    const operator = as('operator');
    const page = await open(operator, '/clients/acme-web');
    const path = '/clients/acme-web/secret';
    expect((await send(operator, page, path, {})).status).toBe(409);
    const made = await send(operator, page, path, { confirm: 'true' });
    expect(textOf(made)).toContain('The client’s new secret');
  });

  it('are transferred with their sector, or into a new one, when that is confirmed', async () => {
    const operator = as('operator');
    const path = '/clients/acme-web/transfer';
    const asked = await fill(operator, path, { to: 'bolt', new_sector: 'moved' });
    expect(textOf(asked)).toContain('in the sector "moved", which changes subjects');
    expect(textOf(asked)).toContain('Users whom it concerns: 2.');
    const form = { to: 'bolt', new_sector: 'moved', confirm: 'true' };
    const done = await send(operator, asked, path, form);
    expect(textOf(done)).toContain('The client is this vendor’s now.');
    expect(textOf(done)).toContain('Vendor bolt');
  });

  it('are not changed by somebody who has seen another state', async () => {
    const operator = as('operator');
    const page = await open(operator, '/clients/acme-web/delete');
    await fill(operator, '/clients/acme-web/transfer', {
      to: 'acme',
      new_sector: 'n',
      confirm: 'true',
    });
    const late = await send(operator, page, '/clients/acme-web/delete', { confirm: 'true' });
    expect(late.status).toBe(412);
  });

  it('go one after the other, with what goes counted; a vendor with users stays', async () => {
    const operator = as('operator');
    const standing = await open(operator, '/vendors/bolt/delete');
    expect(textOf(standing)).toContain('It has the client bolt-web , which goes first.');
    expect(standing.forms.map(({ action }) => action.pathname)).toEqual(['/logout']);
    const client = await open(operator, '/clients/bolt-web/delete');
    expect(textOf(client)).toContain('Users with a pseudonym in its sector 0');
    const unsure = await send(operator, client, '/clients/bolt-web/delete', {});
    expect(unsure.status).toBe(409);
    const gone = await send(operator, client, '/clients/bolt-web/delete', { confirm: 'true' });
    expect(textOf(gone)).toContain('The client is gone.');
    const vendor = await fill(operator, '/vendors/bolt/delete', { confirm: 'true' });
    expect(textOf(vendor)).toContain('The vendor is gone.');
    await fill(operator, '/clients/acme-web/delete', { confirm: 'true' });
    const held = await open(operator, '/vendors/acme/delete');
    expect(textOf(held)).toContain('stays reserved: users with a pseudonym there: 2');
  });
});

import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Page, Walk } from '../support/browser.ts';
import { DEVICE_CODE, connectDevice, elsewhereWorld, partyOf } from '../support/elsewhere.ts';
import { formsIn } from '../support/page.ts';
import { postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

const TYPES = ['code', 'id_token', 'code id_token token', 'none'];
const POLICY = 'https://acme.example/privacy';

type Members = Readonly<Record<string, string>>;

describe.each(['relay', 'callback'])('the notice in the front channel %s', (frontChannel) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(
      ['acme', 'bolt'].map((id) => ({
        id,
        vendor: { notice: true, policy_uri: POLICY, contacts: ['help@acme.example'] },
        client: { response_types: TYPES, release_claims: ['name', 'email as mail'] },
      })),
      { environment: { FRONT_CHANNEL: frontChannel } },
    );
  });
  afterAll(() => world.close());

  it.each([
    ['code', ''],
    ['code', 'form_post'],
    ['code', 'query.jwt'],
    ['id_token', 'fragment'],
    ['id_token', 'form_post'],
    ['code id_token token', 'form_post.jwt'],
    ['code id_token token', 'fragment.jwt'],
    ['none', ''],
  ])('comes before the answer to %s by %s, and the answer after it', async (type, mode) => {
    const browser = new Browser();
    const { page } = await logIn(
      browser,
      request('acme', type, { response_mode: mode, prompt: 'consent login' }),
    );
    expect(page.url.pathname).toBe('/oidc/notice');
    expect(page.body).toContain('Vendor acme');
    const members = membersIn(await browser.submit(page, { answer: 'continue' }));
    expect(members['state']).toBe('the-state');
    expect(members['error']).toBeUndefined();
    for (const name of type.split(' ').filter((word) => word !== 'none')) {
      expect(members[name === 'token' ? 'access_token' : name]).toBeDefined();
    }
  });

  it('is remembered for the user and the client', async () => {
    const browser = new Browser();
    const first = await logIn(browser, request('acme', 'code', { prompt: 'consent' }), 'bob');
    await browser.submit(first.page, { answer: 'continue' });
    const again = await logIn(new Browser(), request('acme', 'code'), 'bob');
    expect(membersIn(again)['code']).toBeDefined();
    const elsewhere = await logIn(new Browser(), request('bolt', 'code'), 'bob');
    expect(elsewhere.page.url.pathname).toBe('/oidc/notice');
  });

  it('a code got after it yields tokens', async () => {
    const browser = new Browser();
    const { page } = await logIn(browser, request('acme', 'code', { prompt: 'consent' }));
    const { code = '' } = membersIn(await browser.submit(page, { answer: 'continue' }));
    const { redirectUri, clientId } = world.vendor('acme');
    const answer = await postForm(`${world.proxy.issuer}/oidc/token`, {
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
      ...{ client_id: clientId, client_secret: vendorSecret('acme') },
    });
    expect(answer.status).toBe(200);
    expect(decodeJwt(String(answer.body['id_token'])).aud).toBe(clientId);
  });

  it('says names of claims, who to ask and where the policy is, and needs no script', async () => {
    const { page } = await logIn(new Browser(), request('acme', 'code', { prompt: 'consent' }));
    expect(page.body).toContain('Your full name');
    expect(page.body).toContain('Your e-mail address');
    expect(page.body).toContain(`<a rel="noreferrer" href="${POLICY}">`);
    expect(page.body).toContain('help@acme.example');
    expect(page.body).not.toContain('<script');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; form-action/);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.body).toMatch(/<html lang="en">.*<title>Before you go on to Vendor acme<.*<h1>/);
  });

  it.each(['', 'form_post', 'query.jwt'])('cancelled, it is access_denied by %s', async (mode) => {
    const browser = new Browser();
    const asked = request('acme', 'code', { response_mode: mode, prompt: 'consent' });
    const { page } = await logIn(browser, asked);
    const members = membersIn(await browser.submit(page, { answer: 'cancel' }));
    expect(members).toMatchObject({ error: 'access_denied', state: 'the-state' });
    expect(members['code']).toBeUndefined();
  });

  it('under prompt=none an unseen notice is consent_required, a seen one no hindrance', async () => {
    const browser = new Browser();
    const { page } = await logIn(browser, request('bolt', 'code', { prompt: 'login' }), 'bob');
    const silent = request('bolt', 'code', { prompt: 'none' });
    expect(membersIn(await browser.walk(silent))).toMatchObject({ error: 'consent_required' });
    await browser.submit(page, { answer: 'continue' });
    expect(membersIn(await browser.walk(silent))['code']).toBeDefined();
  });

  function request(id: string, type: string, more: Members = {}): URL {
    const { clientId, redirectUri } = world.vendor(id);
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    const asked = { client_id: clientId, redirect_uri: redirectUri, response_type: type, ...more };
    for (const [name, value] of Object.entries({
      ...asked,
      state: 'the-state',
      nonce: 'n'.repeat(20),
    }))
      if (value !== '') url.searchParams.set(name, value);
    url.searchParams.set('scope', 'openid profile email');
    return url;
  }
});

describe('the notice of a vendor whose users log in on a device', () => {
  let world: World;
  beforeAll(async () => {
    const grants = ['authorization_code', 'refresh_token', DEVICE_CODE];
    const release = { release_claims: ['name'], grant_types: grants };
    world = await elsewhereWorld([
      { id: 'acme', vendor: { notice: true, contacts: ['<b>&'] }, client: release },
      { id: 'bolt', client: release },
    ]);
  });
  afterAll(() => world.close());

  it('stands on the page that asks for the code, and on no other vendor’s', async () => {
    for (const [id, said] of [
      ['acme', true],
      ['bolt', false],
    ] as const) {
      const party = await partyOf(world, id);
      const device = await client.initiateDeviceAuthorization(party, { scope: 'openid profile' });
      const page = await new Browser().open(String(device.verification_uri_complete));
      expect(page.body.includes('Your full name')).toBe(said);
      expect(page.body.includes('&lt;b&gt;&amp;')).toBe(said);
      await connectDevice(String(device.verification_uri_complete), 'alice');
      expect((await client.pollDeviceAuthorizationGrant(party, device)).id_token).toBeDefined();
    }
  });
});

async function logIn(browser: Browser, address: URL, username = 'alice'): Promise<Walk> {
  const walk = await browser.walk(address);
  if (walk.callback !== undefined || !asksForPassword(walk.page)) return walk;
  return browser.submitLogin(walk.page, { username });
}

function asksForPassword(page: Page): boolean {
  return page.forms.some(({ fields }) => 'password' in fields);
}

function membersIn({ page, callback }: Walk): Members {
  const sent =
    callback === undefined
      ? formsIn(page.body, page.url)[0]?.fields
      : Object.fromEntries([
          ...callback.searchParams,
          ...new URLSearchParams(callback.hash.slice(1)),
        ]);
  if (sent === undefined) throw new Error(`no answer: ${page.status} ${page.body}`);
  const { response } = sent;
  return response === undefined ? sent : (decodeJwt(response) as Members);
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Page } from '../support/browser.ts';
import { VendorRecord, findings } from '../support/recorder.ts';
import { withBody } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { TalkativeWorld } from './scenario.ts';
import { talkativeWorld } from './scenario.ts';

/*
 * A vendor's server can play the browser: it can ask the relay for any address,
 * send any header, and begin logins that nobody finishes. It must get neither the
 * upstream's back channel, nor its address, nor a code that is not sealed, nor an
 * answer to a login that began in another browser.
 */
describe('what a vendor receives when it plays the browser', () => {
  let talkative: TalkativeWorld;
  let loginPage: Page;
  const record = new VendorRecord();
  const keep = (page: Page): Page => {
    const headers = [...page.headers].filter(([name]) => name !== 'date');
    record.addHeaders(page.url.pathname, headers);
    record.add(page.url.pathname, page.body);
    return page;
  };

  beforeAll(async () => {
    talkative = await talkativeWorld();
    const { faults, issuer } = talkative.world.upstream;
    faults.arm(
      'login',
      altered((answer) =>
        withBody(
          {
            ...answer,
            headers: {
              ...answer.headers,
              'access-control-allow-origin': '*',
              'access-control-expose-headers': '*',
              'x-legacy-user': 'alice',
              server: issuer,
            },
          },
          answer.body
            .toString('utf8')
            .replace('</body>', `<p>Hosted at ${issuer}/about</p></body>`),
        ),
      ),
    );
    const { url } = await (await talkative.world.vendor('acme').party()).begin();
    const browser = new Browser();
    loginPage = keep((await browser.walk(url)).page);
    for (const page of browser.pages) keep(page);
  });
  afterAll(() => talkative.close());

  it('a login page without the upstream’s address, in body and headers', () => {
    const { issuer } = talkative.world.upstream;
    expect(loginPage.status).toBe(200);
    expect(loginPage.body).toContain('Hosted at');
    expect(findings(record, [issuer, new URL(issuer).host])).toEqual([]);
  });

  it('a login page that sends no referrer, lets no other origin read it, and has no header of the upstream’s making', () => {
    expect(loginPage.headers.get('referrer-policy')).toBe('no-referrer');
    expect(loginPage.headers.get('access-control-allow-origin')).toBeNull();
    expect(loginPage.headers.get('x-legacy-user')).toBeNull();
  });

  it.each(['/token', '/me', '/jwks', '/token/introspection', '/%74oken', '/token/', '/TOKEN'])(
    'nothing from the upstream’s back channel at %s',
    async (path) => {
      const before = talkative.world.upstream.requests.length;
      const page = keep(await new Browser().open(`${talkative.world.proxy.issuer}${path}`));
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(talkative.world.upstream.requests.length).toBe(before);
    },
  );

  it('nothing for a request that carries a credential', async () => {
    const before = talkative.world.upstream.requests.length;
    const page = await new Browser().open(`${talkative.world.proxy.issuer}/about`, {
      headers: { authorization: 'Bearer upstream-token' },
    });
    expect(page.status).toBe(400);
    expect(talkative.world.upstream.requests.length).toBe(before);
  });

  it.each([
    ['another response type', { response_type: 'id_token token' }],
    ['a wider scope', { scope: 'openid profile email directory' }],
    ['another client', { client_id: 'legacy-bolt' }],
    ['a hint', { login_hint: 'alice' }],
    ['claims', { claims: '{"id_token":{"email":null}}' }],
    ['no transaction', { state: 'of-my-own-making' }],
  ])('nothing from the upstream’s authorize address with %s', async (_name, changes) => {
    const { world } = talkative;
    const { url } = await (await world.vendor('acme').party()).begin();
    const browser = new Browser();
    const { location } = await browser.open(url);
    if (location === undefined) throw new Error('the login did not begin');
    for (const [name, value] of Object.entries(changes)) location.searchParams.set(name, value);
    const before = world.upstream.requests.length;
    expect((await browser.open(location)).status).toBe(400);
    expect(world.upstream.requests.length).toBe(before);
  });

  it('only a sealed code, and that only in the browser that began the login', async () => {
    const { world, secrets } = talkative;
    const vendor = await world.vendor('acme').party();
    const { url, pending } = await vendor.begin();
    const victim = new Browser();
    const callback = await victim.login(url, { username: 'alice' });
    const own = new VendorRecord();
    own.add('authorization response', callback.href);
    expect(findings(own, [...secrets])).toEqual([]);
    expect(callback.searchParams.get('state')).toBe(pending.state);

    // The attacker begins; the victim, already logged in, is sent to where the login goes on.
    const begun = await new Browser().open((await vendor.begin()).url);
    const answer = await victim.walk(begun.location ?? url).catch(() => undefined);
    const elsewhere = new Browser();
    for (const cookie of await victim.jar.getCookies(world.proxy.issuer)) {
      // The upstream's session, without the cookie that binds our own transaction.
      if (!cookie.key.includes('pairwise'))
        await elsewhere.jar.setCookie(cookie, world.proxy.issuer);
    }
    const stolen = await elsewhere.walk(begun.location ?? url);
    expect(answer?.callback).toBeUndefined();
    expect(stolen.callback).toBeUndefined();
    expect(stolen.page.status).toBe(400);
  });

  it('no redirect to a foreign origin', async () => {
    const { world } = talkative;
    world.upstream.faults.arm(
      'login',
      altered((answer) => ({
        ...withBody(answer, ''),
        status: 302,
        headers: { location: 'https://collector.example/?user=alice' },
      })),
    );
    const { url } = await (await world.vendor('acme').party()).begin();
    const { page } = await new Browser().walk(url);
    expect(page.status).toBe(502);
    expect(page.body).not.toContain('collector');
  });
});

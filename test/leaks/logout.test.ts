import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { logOut } from '../support/logout.ts';
import type { LogoutReceiver } from '../support/logout-receiver.ts';
import { startLogoutReceiver } from '../support/logout-receiver.ts';
import { findings, VendorRecord } from '../support/recorder.ts';
import { jsonIn, withBody } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import { tellLogout, upstreamLogoutToken } from '../support/upstream/logout-token.ts';
import type { World } from '../support/world.ts';
import { createWorld, loggedOutAt, upstreamSecret, vendorSecret } from '../support/world.ts';
import type { TalkativeWorld } from './scenario.ts';
import { logIn, talkativeWorld } from './scenario.ts';

/*
 * A logout passes through the user's browser, and a vendor's server can play one. Neither the
 * addresses on the way nor the answers may hold a token of the upstream's, its session id, or
 * anything else that two vendors could compare.
 */
describe('what a vendor receives of a logout', () => {
  let talkative: TalkativeWorld;

  beforeAll(async () => {
    talkative = await talkativeWorld();
  });
  afterAll(() => talkative.close());

  const begin = async (browser: Browser, path = '/oidc/logout') => {
    const { world } = talkative;
    const { tokens } = await logIn(world, 'acme', browser);
    const returnTo = loggedOutAt(world.vendor('acme').redirectUri);
    const address = new URL(world.proxy.issuer + path);
    address.searchParams.set('id_token_hint', tokens.idToken);
    address.searchParams.set('post_logout_redirect_uri', returnTo);
    address.searchParams.set('state', 'of the vendor');
    return { address, returnTo };
  };
  const found = (texts: readonly string[]) => {
    const record = new VendorRecord();
    for (const text of texts) record.add('logout', text);
    const { world, secrets } = talkative;
    // The upstream client's name and address are the browser's business on the front channel.
    const needles = [...secrets].filter(
      (one) => one !== 'legacy-acme' && !one.includes('localhost'),
    );
    expect(world.upstream.errors).toEqual([]);
    return findings(record, needles);
  };

  it('no token of the upstream’s on the way to its logout page', async () => {
    const browser = new Browser();
    const { address } = await begin(browser);
    const { location, headers } = await browser.open(address);
    expect(location?.searchParams.get('state')).not.toBe('of the vendor');
    expect(found([String(location), ...headers.values()])).toEqual([]);
  });

  it('only its own state when the user comes back, whatever the upstream adds', async () => {
    const browser = new Browser();
    const { address, returnTo } = await begin(browser);
    talkative.world.upstream.faults.arm(
      'end_session',
      altered((answer) => {
        const location = answer.headers['location'];
        if (typeof location !== 'string' || !location.startsWith(returnTo)) return answer;
        const back = new URL(location);
        back.searchParams.set('session_state', 'session-state-of-alice-0123456789');
        back.searchParams.set('user', 'alice');
        return { ...answer, headers: { ...answer.headers, location: back.href } };
      }),
    );
    const { returned } = await logOut(browser, address, returnTo);
    talkative.world.upstream.faults.clear();
    expect([...(returned?.searchParams ?? [])]).toEqual([['state', 'of the vendor']]);
  });

  it.each([
    ['as it is', (address: URL) => String(address)],
    ['in an address in base64', (address: URL) => btoa(String(address))],
    ['in hexadecimal', (address: URL) => Buffer.from(String(address)).toString('hex')],
    ['as a script would write it', (address: URL) => String(address).replaceAll('e', '\\u0065')],
  ])(
    'nothing of the ID token that the upstream is shown, where its page repeats it %s',
    async (_how, write) => {
      const browser = new Browser();
      const { address } = await begin(browser);
      const { upstream } = talkative.world;
      let shown: string | null = null;
      upstream.faults.arm(
        'end_session',
        altered((answer, { url }) => {
          shown = url.searchParams.get('id_token_hint');
          return withBody(answer, `<p>Log out?</p><!-- ${write(url)} -->`);
        }),
      );
      const { page } = await browser.walk(address);
      upstream.faults.clear();
      expect(shown).not.toBeNull();
      talkative.secrets.add(String(shown));
      expect(page.status).toBe(502);
      expect(found(browser.pages.map(({ body }) => body))).toEqual([]);
    },
  );
});

/*
 * A logout token of the upstream names the user and the session alike to every vendor. What
 * each vendor is told must be its own.
 */
describe('what vendors receive when the provider tells of a logout', () => {
  let world: World;
  const receivers: LogoutReceiver[] = [];
  const known = new Map<string, Readonly<Record<string, unknown>>>();
  const told = new Map<string, Readonly<Record<string, unknown>>>();

  beforeAll(async () => {
    const vendors = await Promise.all(
      ['acme', 'bolt'].map(async (id) => {
        const receiver = await startLogoutReceiver();
        receivers.push(receiver);
        return { id, client: { backchannel_logout_uri: receiver.uri } };
      }),
    );
    world = await createWorld(vendors);
    const browser = new Browser();
    for (const { id } of vendors) {
      const { claims } = await world.vendor(id).logIn(browser, 'alice');
      known.set(id, claims);
    }
    // Of bolt’s client alone: acme is not told.
    const sid = await upstreamSid(world, browser);
    await tellLogout(world, await upstreamLogoutToken(world, { aud: 'legacy-bolt', sid }));
    const [token] = await (receivers[1]?.received(1) ?? []);
    told.set('bolt', decodeJwt(token ?? ''));
  });
  afterAll(async () => {
    await world.close();
    for (const each of receivers) await each.close();
  });

  it('nothing where the token is for another client', () => {
    expect(receivers[0]?.tokens).toEqual([]);
  });

  it('the subject and the session id of its own ID token, and our issuer', () => {
    const { sub, sid, iss } = told.get('bolt') ?? {};
    expect(sub).toBe(known.get('bolt')?.['sub']);
    expect(sid).toBe(known.get('bolt')?.['sid']);
    expect(iss).toBe(world.proxy.issuer);
  });
});

/*
 * On the front channel the upstream's page shows a frame to every vendor, with the session id
 * in its address. In a relayed page, and on the page of ours that takes its place, each vendor
 * must get its own id.
 */
describe('what vendors receive in frames', () => {
  let world: World;
  let sid: string;
  const browser = new Browser();
  const known = new Map<string, Readonly<Record<string, unknown>>>();
  const uriOf = (id: string): string =>
    new URL(`/frontchannel-logout?of=${id}`, world.vendor(id).redirectUri).href;

  beforeAll(async () => {
    world = await createWorld();
    const entries = ['acme', 'bolt'].map((id) => {
      const { clientId, redirectUri } = world.vendor(id);
      const client = {
        ...{ client_id: clientId, client_secret: vendorSecret(id), redirect_uris: [redirectUri] },
        upstream: { client_id: `legacy-${id}`, client_secret: upstreamSecret(id) },
        frontchannel_logout_uri: uriOf(id),
      };
      return { id, clients: [client] };
    });
    await world.proxy.apply(entries);
    for (const id of ['acme', 'bolt']) {
      known.set(id, (await world.vendor(id).logIn(browser, 'alice')).claims);
    }
    sid = await upstreamSid(world, browser);
  });
  afterAll(() => world.close());

  const framesIn = (html: string): readonly URL[] =>
    [...html.matchAll(/<iframe src="([^"]*)"/g)].map(
      ([, address]) => new URL((address ?? '').replaceAll('&amp;', '&')),
    );
  const expectOwn = (frames: readonly URL[]): void => {
    for (const id of ['acme', 'bolt']) {
      const frame = frames.find(({ origin }) => origin === new URL(uriOf(id)).origin);
      expect(frame?.searchParams.get('sid')).toBe(known.get(id)?.['sid']);
      expect(frame?.searchParams.get('iss')).toBe(world.proxy.issuer);
      expect(frame?.searchParams.get('of')).toBe(id);
    }
  };

  it('their own session id and our issuer in a relayed page, and strangers nothing', async () => {
    const { faults, issuer } = world.upstream;
    const query = new URLSearchParams({ iss: issuer, sid }).toString().replaceAll('&', '&amp;');
    const addresses = [uriOf('acme'), uriOf('bolt'), 'https://stranger.example/logout?of=nobody'];
    const frames = addresses.map((uri) => `<iframe src="${uri}&amp;${query}"></iframe>`).join('');
    faults.arm(
      'end_session',
      altered((answer) => withBody(answer, frames)),
    );
    const { body } = await browser.open(`${world.proxy.issuer}/session/end`);
    faults.clear();
    expect(body).not.toContain(sid);
    expect(body).not.toContain('stranger');
    expectOwn(framesIn(body));
  });

  it('their own session id and our issuer from the page of ours', async () => {
    const address = new URL(`${world.proxy.issuer}/oidc/frontchannel-logout`);
    address.searchParams.set('iss', world.upstream.issuer);
    address.searchParams.set('sid', sid);
    const { body, headers, status } = await browser.open(address);
    expect(status).toBe(200);
    expect(body).not.toContain(sid);
    expectOwn(framesIn(body));
    expect(headers.get('content-security-policy')).toContain(new URL(uriOf('acme')).origin);
  });

  it('nothing where the session is made up, or of another issuer', async () => {
    const address = new URL(`${world.proxy.issuer}/oidc/frontchannel-logout`);
    address.searchParams.set('sid', 'legacy-session-made-up');
    expect(framesIn((await browser.open(address)).body)).toEqual([]);
    address.searchParams.set('iss', 'https://elsewhere.example');
    expect((await browser.open(address)).status).toBe(400);
  });
});

/** The session id that the upstream gave to all its clients, from its last token answer. */
async function upstreamSid(world: World, browser: Browser): Promise<string> {
  let sid = '';
  world.upstream.faults.arm(
    'token',
    altered((answer) => {
      sid = String(decodeJwt(String(jsonIn(answer)['id_token']))['sid']);
      return answer;
    }),
  );
  await world.vendor('bolt').logIn(browser, 'alice');
  world.upstream.faults.clear();
  return sid;
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { logOut } from '../support/logout.ts';
import { findings, VendorRecord } from '../support/recorder.ts';
import { withBody } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import { loggedOutAt } from '../support/world.ts';
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

  it('nothing of the ID token that the upstream is shown, also where its page repeats it', async () => {
    const browser = new Browser();
    const { address } = await begin(browser);
    const { upstream } = talkative.world;
    let shown: string | null = null;
    upstream.faults.arm(
      'end_session',
      altered((answer, { url }) => {
        shown = url.searchParams.get('id_token_hint');
        return withBody(answer, `<p>Log out?</p><!-- ${String(shown)} -->`);
      }),
    );
    const { page } = await browser.walk(address);
    upstream.faults.clear();
    expect(shown).not.toBeNull();
    talkative.secrets.add(String(shown));
    expect(page.status).toBe(502);
    expect(found(browser.pages.map(({ body }) => body))).toEqual([]);
  });
});

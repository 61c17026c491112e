/*
 * A vendor's page embeds an address of the relay: `<script src>` of a JSONP endpoint
 * of the upstream, an image, a style sheet. The browser sends the user's session
 * along, and a script that names the user tells every vendor the same name. So what
 * another site embeds is asked for without the user's cookies, and its answer does
 * not replace them. Following a link, a form or a frame to the login goes on as ever.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('what a page of another site embeds', () => {
  let world: World;
  const browser = new Browser();
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }]);
    await vendorByHand(world, 'acme').logIn(browser);
    world.upstream.faults.arm(
      'end_session',
      altered((answer) => ({
        ...answer,
        headers: { ...answer.headers, 'set-cookie': 'legacy=new; Path=/; SameSite=None; Secure' },
      })),
    );
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  async function fetched(site: string, mode: string) {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode };
    const page = await browser.open(`${world.proxy.issuer}/session/end`, { headers });
    const sent = world.upstream.requests.at(-1)?.headers.cookie;
    return { sentCookies: sent !== undefined, setCookies: page.headers.has('set-cookie') };
  }

  it.each([
    ['cross-site', 'no-cors'],
    ['cross-site', 'cors'],
    ['same-site', 'no-cors'],
    ['same-site', 'cors'],
  ])('comes without the session: %s, %s', async (site, mode) => {
    expect(await fetched(site, mode)).toEqual({ sentCookies: false, setCookies: false });
  });

  it.each([
    ['cross-site', 'navigate'],
    ['same-site', 'navigate'],
    ['same-origin', 'cors'],
    ['same-origin', 'no-cors'],
    ['none', 'navigate'],
  ])('is not meant by this: %s, %s', async (site, mode) => {
    expect(await fetched(site, mode)).toEqual({ sentCookies: true, setCookies: true });
  });
});

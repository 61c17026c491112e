import { Browser } from '../../support/browser.ts';
import type { Page } from '../../support/browser.ts';
import { isNotice, must } from './recorded-party.ts';
import type { Members } from './recorded-party.ts';
import { succeed } from './login-steps.ts';
import type { Scene, Step } from './scene.ts';

/** The notice before a login, and an internal API behind the proxy. */
export const PAGE_STEPS: readonly Step[] = [
  {
    name: 'the notice, also in another browser',
    exits: ['notice-first', 'notice-page', 'notice-browser-binding', 'notice-members'],
    run: async (scene) => {
      const { own, browser, username } = scene;
      const { noticeParty: party } = own;
      const asked = { response_type: 'code id_token' };
      const { page } = await browser.walk(party.authorizeAddress(party.request(asked)));
      if (!isNotice(page)) throw new Error(`no notice: ${page.status} ${page.body}`);
      note(scene, page);
      const thief = new Browser();
      note(scene, await thief.open(page.url));
      const stolen = await thief.submit(page, { answer: 'continue' });
      if (stolen.callback !== undefined) throw new Error('another browser was heard');
      await thief.close();
      must(await party.authorize(browser, username, asked), 'id_token');
    },
  },
  {
    name: 'an internal API that tells all it knows',
    exits: [
      ...(['internal-api-client', 'internal-api-audience', 'internal-api-address'] as const),
      ...(['internal-api-redirect', 'internal-api-headers', 'internal-api-token'] as const),
    ],
    run: async ({ own: { party, jwtParty, held }, browser, username }) => {
      const api = '/oidc/api/orders';
      const authorization: Members = { authorization: `Bearer ${held.accessToken}` };
      await succeed(party.get(`${api}/orders`, authorization));
      for (const path of ['/moved', '/mirror', '/nothing', '/%2e%2e/accounts/alice']) {
        await party.get(api + path, authorization);
      }
      const code = must(await jwtParty.authorize(browser, username), 'code');
      const token = must(await jwtParty.redeem(code), 'access_token');
      await jwtParty.get(`${api}/orders`, { authorization: `Bearer ${token}` });
    },
  },
];

function note({ own: { screen } }: Scene, { url, headers, body }: Page): void {
  screen.addHeaders(url.pathname, headers);
  screen.add(url.href, body);
}

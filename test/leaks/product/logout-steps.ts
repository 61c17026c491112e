import { decodeJwt } from 'jose';

import type { Page } from '../../support/browser.ts';
import { logOut } from '../../support/logout.ts';
import { withBody } from '../../support/upstream/answer.ts';
import { altered } from '../../support/upstream/faults.ts';
import { tellLogout, upstreamLogoutToken } from '../../support/upstream/logout-token.ts';
import { loggedOutAt } from '../../support/world.ts';
import { must } from './recorded-party.ts';
import type { Scene, Side, Step } from './scene.ts';

/** Each begins with a login; they end what other steps would need. */
export const LOGOUT_STEPS: readonly Step[] = [
  {
    name: 'a logout that the upstream tells of',
    exits: [
      ...(['logout-token-subject', 'logout-token-sid'] as const),
      ...(['logout-token-issuer', 'logout-token-audience'] as const),
    ],
    run: async (scene) => {
      const { world, own, theirs, secrets, username } = scene;
      await logIn(scene);
      const before = own.logouts.tokens.length;
      const others = theirs.logouts.tokens.length;
      const session = { aud: `legacy-${own.id}`, sub: username, sid: latestSid(secrets) };
      const answer = await tellLogout(world, await upstreamLogoutToken(world, session));
      own.record.add('what the upstream is answered', await answer.text());
      const [token, ...more] = (await own.logouts.received(before + 1)).slice(before);
      own.record.add('logout token', token ?? '');
      const unasked = more.length + theirs.logouts.tokens.length - others;
      if (unasked > 0) throw new Error(`${unasked} logout tokens that nobody sent`);
    },
  },
  {
    name: 'frames on our logout page',
    exits: ['frontchannel-logout'],
    run: async (scene) => {
      const { world, own, browser, secrets } = scene;
      await logIn(scene);
      const address = new URL(`${world.proxy.issuer}/oidc/frontchannel-logout`);
      address.searchParams.set('iss', world.upstream.issuer);
      address.searchParams.set('sid', latestSid(secrets));
      noteFrame(own, (await browser.open(address)).body);
    },
  },
  {
    name: 'frames on a relayed logout page, which repeats what it was shown',
    exits: ['relay-frontchannel-logout', 'relay-logout-hint'],
    frontChannel: 'relay',
    run: async (scene) => {
      const { world, own, browser, secrets } = scene;
      const { faults, issuer } = world.upstream;
      await logIn(scene);
      const session = new URLSearchParams({ iss: issuer, sid: latestSid(secrets) });
      const query = session.toString().replaceAll('&', '&amp;');
      const frame = `<iframe src="${own.frontchannelLogoutUri}&amp;${query}"></iframe>`;
      faults.arm(
        'end_session',
        altered((answer) => withBody(answer, frame)),
      );
      noteFrame(own, (await browser.walk(logoutAddress(own))).page.body);
      faults.arm(
        'end_session',
        altered((answer, { url }) => {
          const shown = url.searchParams.get('id_token_hint');
          if (shown === null) throw new Error('the upstream was shown no ID token');
          secrets.add(shown);
          return withBody(answer, `<p>Log out?</p><!-- ${shown} -->`);
        }),
      );
      noteScreen(own, (await browser.walk(logoutAddress(own))).page);
      faults.arm(
        'end_session',
        altered((answer) => answer),
      );
    },
  },
  {
    name: 'a logout by the vendor',
    exits: ['logout-request', 'logout-response'],
    run: async (scene) => {
      const { world, own, browser } = scene;
      await logIn(scene);
      world.upstream.faults.arm(
        'end_session',
        altered((answer) => {
          const { location } = answer.headers;
          if (typeof location !== 'string' || !URL.canParse(location)) return answer;
          const back = new URL(location);
          back.searchParams.set('session_state', 'session-state-of-alice-0123456789');
          back.searchParams.set('user', scene.username);
          return { ...answer, headers: { ...answer.headers, location: back.href } };
        }),
      );
      const first = await browser.open(logoutAddress(own));
      own.screen.add('the way to the logout', String(first.location));
      const returnTo = loggedOutAt(own.party.place.redirectUri);
      const { returned, page } = await logOut(browser, logoutAddress(own), returnTo);
      if (returned === undefined) throw new Error(`the logout ended at ${page.body}`);
      own.record.add('return from a logout', returned.href);
    },
  },
];

async function logIn({ own: { party, held }, browser, username }: Scene): Promise<void> {
  const tokens = await party.redeem(must(await party.authorize(browser, username), 'code'));
  held.idToken = must(tokens, 'id_token');
}

function logoutAddress({ id, party, held }: Side): URL {
  const { issuer, redirectUri } = party.place;
  const address = new URL(`${issuer}/oidc/logout`);
  address.search = new URLSearchParams({
    id_token_hint: held.idToken,
    post_logout_redirect_uri: loggedOutAt(redirectUri),
    state: `logout state of ${id}`,
  }).toString();
  return address;
}

/** What reaches the vendor of a page: the request for its own frame. */
function noteFrame({ record, frontchannelLogoutUri }: Side, html: string): void {
  const { origin } = new URL(frontchannelLogoutUri);
  const frames = [...html.matchAll(/<iframe src="([^"]*)"/g)]
    .map(([, address]) => (address ?? '').replaceAll('&amp;', '&'))
    .filter((address) => address.startsWith(origin));
  if (frames.length === 0) throw new Error(`no frame of ${origin} in ${html}`);
  for (const frame of frames) record.add('frame', frame);
}

function noteScreen({ screen }: Side, page: Page): void {
  screen.addHeaders(page.url.pathname, page.headers);
  screen.add(page.url.pathname, page.body);
}

/** The upstream's session, which stands alike in all that it issues. */
function latestSid(secrets: ReadonlySet<string>): string {
  for (const secret of [...secrets].toReversed()) {
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(secret)) continue;
    const { sid } = decodeJwt(secret);
    if (typeof sid === 'string') return sid;
  }
  throw new Error('the upstream issued no token of a session');
}

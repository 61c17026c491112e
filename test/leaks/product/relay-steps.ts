import { Browser } from '../../support/browser.ts';
import type { Page } from '../../support/browser.ts';
import { withBody } from '../../support/upstream/answer.ts';
import { altered } from '../../support/upstream/faults.ts';
import type { Scene, Step } from './scene.ts';

/** A vendor's server plays a browser in which nobody is logged in, and the user's. */
export const RELAY_STEPS: readonly Step[] = [
  {
    name: 'the upstream’s pages, and what of it is not for browsers',
    exits: [
      ...(['relay-addresses', 'relay-headers', 'relay-referrer'] as const),
      ...(['relay-back-channel', 'relay-credentials'] as const),
      ...(['relay-authorization-request', 'relay-foreign-redirect'] as const),
      ...(['relay-authorization-response', 'relay-browser-binding'] as const),
    ],
    frontChannel: 'relay',
    run: playBrowser,
  },
];

async function playBrowser(scene: Scene): Promise<void> {
  const { world, own, browser, letTalk } = scene;
  const { issuer } = world.proxy;
  const folder = new URL(world.upstream.issuer).pathname.replace(/\/$/, '');
  const begin = (): URL => own.party.authorizeAddress(own.party.request({}));
  letTellOfItself(scene);
  const alone = new Browser();
  const { location } = await alone.open(begin());
  if (location === undefined) throw new Error('the login did not begin');
  const { page } = await alone.walk(location);
  if (page.status !== 200) throw new Error(`no login page: ${page.status} ${page.body}`);
  for (const path of ['/token', '/me', '/jwks', '/token/introspection', '/%74oken']) {
    await alone.open(issuer + folder + path);
  }
  await alone.open(`${issuer}/about`, { headers: { authorization: 'Bearer upstream-token' } });
  const wider = new URL(location);
  wider.searchParams.set('scope', 'openid profile email directory');
  await alone.open(wider);
  // The login that was begun here, finished by the user.
  const stolen = await browser.walk(location);
  if (stolen.callback !== undefined) throw new Error(`it left for ${stolen.callback.href}`);
  world.upstream.faults.arm('login', away());
  world.upstream.faults.arm('authorize', away());
  await new Browser().walk(begin());
  world.upstream.faults.arm(
    'login',
    altered((answer) => answer),
  );
  letTalk();
  for (const each of [...alone.pages, stolen.page]) note(scene, each);
  await alone.close();
}

/** Every page of the upstream's names it, in the body and in headers. */
function letTellOfItself({ world, username }: Scene): void {
  const { faults, issuer } = world.upstream;
  faults.arm(
    'login',
    altered((answer) => {
      const html = answer.body.toString('utf8');
      const naming = withBody(answer, html.replace('</body>', `<p>${issuer}/about</p></body>`));
      const headers = {
        ...{ 'access-control-allow-origin': '*', 'x-legacy-user': username, server: issuer },
      };
      const isPage = /html/i.test(String(answer.headers['content-type']));
      return { ...(isPage ? naming : answer), headers: { ...naming.headers, ...headers } };
    }),
  );
}

function away() {
  return altered((answer) => ({
    ...withBody(answer, ''),
    status: 302,
    headers: { location: 'https://collector.example/?user=alice' },
  }));
}

function note({ own: { screen } }: Scene, { url, headers, body }: Page): void {
  screen.addHeaders(url.pathname, headers);
  screen.add(url.pathname, body);
}

import { Browser } from '../test/support/browser.ts';
import type { Vendor } from '../test/support/vendors/vendor.ts';
import type { LegacyUser } from './legacy-idp/users.ts';
import type { Scene } from './scene.ts';
import { openRelyingParty } from './vendor/relying-party.ts';
import type { Tokens } from './vendor/relying-party.ts';

/** What one vendor got of one user, in two logins, a refresh and a look at userinfo. */
export interface Sight {
  readonly vendor: Scene['vendors'][number];
  readonly first: Tokens;
  readonly again: Tokens;
  readonly refreshed: Tokens;
  readonly userinfo: Readonly<Record<string, unknown>>;
}

/** One user, as the legacy provider describes it, and as each vendor does. */
export interface Outcome {
  readonly user: LegacyUser;
  readonly legacy: Readonly<Record<string, unknown>>;
  readonly sights: readonly [Sight, Sight];
}

/** Logs a user in at the legacy provider itself and at both vendors, in scripted browsers. */
export async function logInEverywhere(scene: Scene, user: LegacyUser): Promise<Outcome> {
  const legacy = await describedByLegacy(scene, user);
  const browsers = [new Browser(), new Browser()] as const;
  try {
    const [acme, bolt] = scene.vendors;
    // One browser for both vendors, as people do: the second login rides on the first one's session.
    const first = await acme.logIn(browsers[0], user.username);
    const second = await bolt.logIn(browsers[0], user.username);
    const sights = [
      await sight(acme, first, await acme.logIn(browsers[1], user.username)),
      await sight(bolt, second, await bolt.logIn(browsers[1], user.username)),
    ] as const;
    return { user, legacy, sights };
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
  }
}

async function sight(
  vendor: Vendor & { name: string },
  first: Tokens,
  again: Tokens,
): Promise<Sight> {
  const party = await vendor.party();
  const refreshed = await party.refresh(again);
  return { vendor, first, again, refreshed, userinfo: await party.userinfo(refreshed) };
}

async function describedByLegacy(
  { legacyIssuer, direct }: Scene,
  { username }: LegacyUser,
): Promise<Readonly<Record<string, unknown>>> {
  const party = await openRelyingParty({
    issuer: legacyIssuer,
    ...direct,
    authMethod: 'client_secret_basic',
  });
  const browser = new Browser();
  const { url, pending } = await party.begin();
  const { claims } = await party.finish(await browser.login(url, { username }), pending);
  await browser.close();
  return claims;
}

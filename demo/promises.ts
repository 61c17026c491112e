import { decodeJwt, decodeProtectedHeader } from 'jose';

import { findings } from '../test/support/recorder.ts';
import { emailOf, objectIdOf } from './legacy-idp/users.ts';
import type { Outcome, Sight } from './logins.ts';
import type { Scene } from './scene.ts';

/** How every session id of the legacy provider begins. */
const LEGACY_SESSION = 'legacy-session-';
const PERSONAL = [
  'email',
  'preferred_username',
  'upn',
  'oid',
  'picture',
  'profile',
  'phone_number',
];

/** Every promise that the logins broke, in words; empty when all were kept. */
export function brokenPromises(scene: Scene, outcomes: readonly Outcome[]): string[] {
  return [
    ...outcomes.flatMap((outcome) => brokenForUser(scene, outcome)),
    ...scene.vendors.flatMap((vendor, position) => {
      const subs = outcomes.map(({ sights }) => subOf(sights[position]));
      const distinct = new Set(subs).size === subs.length;
      return distinct ? [] : [`${vendor.name} got one sub for two users`];
    }),
    ...leaked(scene, outcomes),
  ];
}

function brokenForUser(scene: Scene, { user, sights }: Outcome): string[] {
  const broken: string[] = [];
  const [a, b] = sights;
  if (subOf(a) === subOf(b)) {
    broken.push(`${a.vendor.name} and ${b.vendor.name} got the same sub for ${user.username}`);
  }
  if (a.first.claims['sid'] !== undefined && a.first.claims['sid'] === b.first.claims['sid']) {
    broken.push(`${a.vendor.name} and ${b.vendor.name} got the same session id`);
  }
  for (const sight of sights) {
    const at = `${user.username} at ${sight.vendor.name}`;
    const sub = subOf(sight);
    if (sub.includes(user.username)) broken.push(`${at}: the sub contains the username`);
    if (sight.again.claims['sub'] !== sub) broken.push(`${at}: a second login gave another sub`);
    if (sight.refreshed.claims['sub'] !== sub) broken.push(`${at}: a refresh gave another sub`);
    if (sight.userinfo['sub'] !== sub) broken.push(`${at}: userinfo gave another sub`);
    broken.push(...wrongIdToken(scene, sight).map((wrong) => `${at}: ${wrong}`));
    for (const claim of PERSONAL) {
      const given = [sight.first.claims, sight.refreshed.claims, sight.userinfo];
      if (given.some((claims) => claim in claims))
        broken.push(`${at}: got ${claim}, which nobody released`);
    }
  }
  return broken;
}

/** The library has verified the signature; here the values that only the proxy may have set. */
function wrongIdToken(scene: Scene, { vendor, first, refreshed }: Sight): string[] {
  return [first, refreshed].flatMap(({ idToken }) => {
    const claims = decodeJwt(idToken);
    const wrong: string[] = [];
    if (claims.iss !== scene.issuer) wrong.push('the ID token has another issuer');
    if (claims.aud !== vendor.clientId) wrong.push('the ID token is for another client');
    if (decodeProtectedHeader(idToken).alg !== 'RS256') {
      wrong.push('the ID token has another algorithm');
    }
    return wrong;
  });
}

/** The vendors' records, searched in every decoded form for what names a user or the legacy provider. */
function leaked(scene: Scene, outcomes: readonly Outcome[]): string[] {
  const { host } = new URL(scene.legacyIssuer);
  const needles = outcomes.flatMap(({ user }) => [user.username, emailOf(user), objectIdOf(user)]);
  const received = scene.vendors.flatMap(({ name, record }) =>
    findings(record, [...needles, host, LEGACY_SESSION]).map(
      ({ needle, where }) => `${name} received "${needle}" (${where})`,
    ),
  );
  return [...new Set(received)];
}

function subOf(sight: Sight | undefined): string {
  return String(sight?.first.claims['sub']);
}

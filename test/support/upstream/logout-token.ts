import { randomUUID } from 'node:crypto';

import { SignJWT } from 'jose';
import type { JWK } from 'jose';

import type { World } from '../world.ts';

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** A logout token as the upstream makes it; `claims` replace or, where undefined, take away. */
export async function upstreamLogoutToken(
  world: World,
  claims: Readonly<Record<string, unknown>>,
  options: {
    readonly key?: JWK & { kid: string };
    readonly header?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<string> {
  const key = options.key ?? world.upstream.signingKey();
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    ...{ iss: world.upstream.issuer, aud: 'legacy-acme', sub: 'alice' },
    ...{ iat: now, exp: now + 120, jti: randomUUID(), events: { [LOGOUT_EVENT]: {} } },
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', kid: key.kid, ...options.header })
    .sign(key);
}

/** Sends a logout token to the proxy, as the upstream would. */
export function tellLogout(world: World, token: string): Promise<Response> {
  return fetch(`${world.proxy.issuer}/oidc/backchannel-logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  });
}

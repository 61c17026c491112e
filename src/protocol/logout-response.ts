import type { RelayAnswer, RelayPolicy } from '../upstream/relay.ts';
import type { LoginPolicy } from './authorization-response.ts';
import type { RelayedFrameParts } from './frontchannel-address.ts';
import { relayedFrame } from './frontchannel-address.ts';
import type { LogoutReturnParts } from './logout-return.ts';
import { finishLogout } from './logout-return.ts';
import { openLogout } from './logout-transaction.ts';
import { upstreamLogout } from './logout.ts';
import type { Seals } from './seals.ts';

/** What the relay lets through of a logout. */
export interface LogoutResponseParts extends LogoutReturnParts, RelayedFrameParts {
  readonly clients: LogoutReturnParts['clients'] & RelayedFrameParts['clients'];
  readonly seals: Seals;
}

/**
 * The relay's policy with logouts in it: the upstream's redirect to a post-logout redirect
 * URI is opened and goes to the vendor with its own `state`, and nothing else.
 */
export function withLogouts(logins: LoginPolicy, parts: LogoutResponseParts): RelayPolicy {
  return {
    ...logins,

    frontChannelLogout: (url) => relayedFrame(parts, url),

    async logoutHint(parameters) {
      const logout = await openLogout(parts.seals, parameters, parts.clock());
      if (logout?.grantId === undefined || logout.frontChannel !== 'relay') return undefined;
      const client = parts.clients.find(logout.clientId);
      if (client === undefined) return undefined;
      if (!isAsBegun(parameters, upstreamLogout(parts.issuer, logout, client))) return undefined;
      return parts.grants.upstreamIdToken(logout.grantId);
    },

    async answer(response, cookieHeader): Promise<RelayAnswer> {
      const logout = await openLogout(parts.seals, response.searchParams, parts.clock());
      if (logout === undefined) return logins.answer(response, cookieHeader);
      if (logout.returnTo === undefined || !goesTo(response, logout.returnTo)) {
        const detail = 'goes to another address than its logout';
        return { kind: 'blocked', reason: 'response_foreign', detail };
      }
      const finished = await finishLogout(parts, logout, cookieHeader);
      if (finished.ok) return { kind: 'redirect', location: finished.value };
      return { kind: 'blocked', reason: finished.reason, detail: finished.detail };
    },
  };
}

const DECISIVE = ['client_id', 'post_logout_redirect_uri', 'id_token_hint', 'logout_hint'];

/** Whether the browser changed nothing of what decides whose logout this is. */
function isAsBegun(sent: URLSearchParams, expected: URLSearchParams): boolean {
  return DECISIVE.every(
    (name) => sent.getAll(name).join('\n') === expected.getAll(name).join('\n'),
  );
}

/** Same place as the sealed address, its own query kept. */
function goesTo(response: URL, returnTo: string): boolean {
  const expected = new URL(returnTo);
  const place = ({ protocol, host, pathname, username, password }: URL): string =>
    [protocol, host, pathname, username, password].join('\n');
  return (
    place(response) === place(expected) &&
    [...expected.searchParams].every(([name, value]) =>
      response.searchParams.getAll(name).includes(value),
    )
  );
}

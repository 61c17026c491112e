import { orRefuse } from '../errors.ts';
import type { LogoutReturnParts } from './logout-return.ts';
import { finishLogout } from './logout-return.ts';
import { openLogout } from './logout-transaction.ts';
import type { Endpoint } from './message.ts';
import { NO_STORE } from './message.ts';
import type { Seals } from './seals.ts';

const OF_A_LOGIN = ['code', 'error', 'pending'];

/** The callback with logouts in it: where the upstream sends the browser back after one. */
export function withLogoutReturns(
  logins: Endpoint,
  parts: LogoutReturnParts & { readonly seals: Seals },
): Endpoint {
  return async (request) => {
    if (OF_A_LOGIN.some((name) => request.query.has(name))) return logins(request);
    const logout = await openLogout(parts.seals, request.query, parts.clock());
    if (logout?.frontChannel !== 'callback') return logins(request);
    const location = orRefuse(await finishLogout(parts, logout, request.headers['cookie']));
    return { kind: 'redirect', location, headers: NO_STORE };
  };
}

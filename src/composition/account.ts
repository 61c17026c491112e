import { RateLimiterMemory } from 'rate-limiter-flexible';

import type { Config } from '../config/types.ts';
import { accountIndex } from '../database/account-sessions.ts';
import { takeReference } from '../database/references.ts';
import type { OperationContext } from '../operations/context.ts';
import {
  accountCallbackEndpoint,
  accountLoginEndpoint,
  withAccountLogins,
} from '../protocol/account-login.ts';
import { AccountSessions } from '../protocol/account-session.ts';
import { accountStyleEndpoint } from '../protocol/account-style.ts';
import {
  accountDisconnectEndpoint,
  accountDownloadEndpoint,
  accountEndpoint,
  accountLogoutEndpoint,
} from '../protocol/account.ts';
import type { LoginPolicy } from '../protocol/authorization-response.ts';
import type { BrowserBinding } from '../protocol/browser-binding.ts';
import type { AccountEndpoints } from '../protocol/exits.ts';
import type { Seals } from '../protocol/seals.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { Registry } from '../vendors/registry.ts';

/** What one session may ask for, and long logins that one address may begin, in points and seconds. */
const REQUESTS = { points: 60, duration: 60 } as const;
const LONG_LOGINS = { points: 600, duration: 60 } as const;

/** What self-service is wired from. */
interface AccountOptions {
  readonly config: Config;
  readonly context: OperationContext;
  readonly registry: Registry;
  readonly upstream: UpstreamProvider;
  readonly exchange: Exchange;
  readonly seals: Seals;
  readonly binding: BrowserBinding;
  readonly authorizationEndpoint: () => string;
}

/** Self-service as it is wired in. */
interface ComposedAccount {
  /** None without a client of our own at the upstream. */
  readonly endpoints: Partial<AccountEndpoints>;
  readonly relayPolicy: (logins: LoginPolicy) => LoginPolicy;
  readonly cookieNames: readonly string[];
}

/** Wires self-service; where the proxy has no client of its own at the upstream, there is none. */
export function composeAccount(options: AccountOptions): ComposedAccount {
  const { config, context, registry, seals } = options;
  const { issuer, upstream } = config;
  const { db, keyring, clock } = context;
  const { clientId, clientSecret } = upstream;
  const sessions = new AccountSessions({
    ...{ issuer, seals },
    indexOf: (localSubject) => accountIndex(keyring.index, localSubject),
    take: async (reference, now) =>
      (await takeReference(db, 'account_session', reference, now)) !== undefined,
  });
  const cookieNames = [sessions.cookieName];
  if (clientId === undefined) {
    return { endpoints: {}, relayPolicy: (logins) => logins, cookieNames };
  }
  const login = {
    ...{ issuer, upstreamIssuer: upstream.issuer, own: { clientId, clientSecret } },
    ...{ upstream: options.upstream, exchange: options.exchange, seals, sessions, clock },
    ...{ sealRoot: keyring.seal, binding: options.binding },
    authorizationEndpoint: options.authorizationEndpoint,
    longLogins: new RateLimiterMemory(LONG_LOGINS),
  };
  const parts = {
    ...{ issuer, context, sessions, vendors: registry },
    limit: new RateLimiterMemory(REQUESTS),
  };
  return {
    endpoints: {
      account: accountEndpoint(parts),
      accountLogin: accountLoginEndpoint(login),
      accountCallback: accountCallbackEndpoint(login),
      accountDisconnect: accountDisconnectEndpoint(parts),
      accountDownload: accountDownloadEndpoint(parts),
      accountLogout: accountLogoutEndpoint(parts),
      accountStyle: accountStyleEndpoint,
    },
    relayPolicy: (logins) => withAccountLogins(logins, login),
    cookieNames,
  };
}

import type { Reason } from '../errors.ts';
import type { RelayAnswer, RelayPolicy } from '../upstream/relay.ts';
import type { Client } from '../vendors/client.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import { queryAnswer, standardError } from './authorization-answer.ts';
import type { BrowserBinding } from './browser-binding.ts';
import { callbackWithCode, callbackWithError } from './callback-address.ts';
import { sealCode } from './code.ts';
import type { Seals } from './seals.ts';
import type { Transaction } from './transaction.ts';
import { openTransaction } from './transaction.ts';
import { isUnaltered, upstreamAuthorization } from './upstream-authorization.ts';
import { needsCallback } from './way.ts';

/** What fits into a seal of ours together with the longest transaction, in characters. */
const MAX_CODE_LENGTH = 8 * 1024;

/** What authorization responses are opened with. */
export interface AuthorizationResponseParts {
  readonly issuer: string;
  readonly upstreamIssuer: string;
  readonly clients: {
    find(clientId: string): Client | undefined;
    isRedirectTarget(url: URL): boolean;
    readonly change: number;
  };
  readonly binding: BrowserBinding;
  readonly seals: Seals;
  readonly sealRoot: Uint8Array;
  readonly clock: () => Date;
}

/** The part of the relay's policy that is about logins. */
export type LoginPolicy = Omit<RelayPolicy, 'logoutHint' | 'frontChannelLogout'>;

/**
 * What the relay may let through of a login, and as what: a plain code at once,
 * everything else by way of our callback, which builds the answer.
 */
export function authorizationResponses(parts: AuthorizationResponseParts): LoginPolicy {
  return {
    isRedirectTarget: (url) => parts.clients.isRedirectTarget(url),

    async admitsAuthorization(parameters) {
      const transaction = (await open(parts, parameters))?.transaction;
      if (transaction === undefined) return false;
      const client = parts.clients.find(transaction.clientId);
      if (client === undefined) return false;
      return isUnaltered(parameters, upstreamAuthorization(parts, transaction, client));
    },

    async answer(response, cookieHeader) {
      const parameters = response.searchParams;
      const opened = await open(parts, parameters);
      if (opened === undefined) return blocked('response_foreign', 'no transaction of ours');
      const { transaction } = opened;
      const client = parts.clients.find(transaction.clientId);
      if (client === undefined) return blocked('client_unknown');
      // It may have been taken back since the login began.
      if (!isRegisteredRedirectUri(transaction.redirectUri, client.metadata)) {
        return blocked('redirect_uri_unregistered');
      }
      if (!isAddressedTo(response, transaction.redirectUri)) {
        return blocked('response_foreign', 'goes to another address than its transaction');
      }
      const upstreamIssuer = parameters.get('iss');
      if (upstreamIssuer !== null && upstreamIssuer !== parts.upstreamIssuer) {
        return blocked('response_foreign', 'iss is not the upstream');
      }
      const error = parameters.get('error');
      if (error !== null) return refusedUpstream(parts, opened, client, error, parameters);
      return sealedAnswer(parts, opened, client, parameters, cookieHeader);
    },
  };
}

/** A transaction with the `state` that carried it. */
interface OpenedState {
  readonly state: string;
  readonly transaction: Transaction;
}

async function open(
  parts: AuthorizationResponseParts,
  parameters: URLSearchParams,
): Promise<OpenedState | undefined> {
  const [state, ...more] = parameters.getAll('state');
  if (state === undefined || more.length > 0) return undefined;
  const opened = await openTransaction(parts.seals, state, parts.clock());
  return opened.ok ? { state, transaction: opened.value } : undefined;
}

/** The upstream's address must be the sealed one: same origin, same path, its query kept. */
function isAddressedTo(response: URL, redirectUri: string): boolean {
  const expected = new URL(redirectUri);
  return (
    response.origin === expected.origin &&
    response.protocol === expected.protocol &&
    response.host === expected.host &&
    response.username === '' &&
    response.password === '' &&
    response.pathname === expected.pathname &&
    [...expected.searchParams].every(([name, value]) =>
      response.searchParams.getAll(name).includes(value),
    )
  );
}

/** An error says nothing of the user, so it needs no bound browser. */
function refusedUpstream(
  parts: AuthorizationResponseParts,
  opened: OpenedState,
  client: Client,
  error: string,
  parameters: URLSearchParams,
): RelayAnswer {
  const words = [error, ...parameters.getAll('error_description')];
  return {
    kind: 'redirect',
    location: errorLocation(parts, opened, client, error),
    refused: { reason: 'upstream_refused', detail: words.map(speakable).join(': ') },
  };
}

/** The upstream's words as the log may have them: cut, without control characters. */
function speakable(words: string): string {
  return words.replaceAll(/\p{C}/gu, ' ').slice(0, 200);
}

async function sealedAnswer(
  parts: AuthorizationResponseParts,
  opened: OpenedState,
  client: Client,
  parameters: URLSearchParams,
  cookieHeader: string | undefined,
): Promise<RelayAnswer> {
  const { transaction } = opened;
  const upstreamCode = parameters.get('code');
  if (upstreamCode === null || upstreamCode === '') {
    return blocked('response_foreign', 'neither code nor error');
  }
  if (upstreamCode.length > MAX_CODE_LENGTH) {
    return blocked('upstream_malformed', `a code over ${MAX_CODE_LENGTH} characters`);
  }
  if (!parts.binding.matches(transaction.browser, cookieHeader)) {
    if (!transaction.promptNone) return blocked('browser_mismatch');
    // Word for word what a browser without a session gets, so that nobody can probe for one.
    return {
      kind: 'redirect',
      location: errorLocation(parts, opened, client, 'login_required'),
      refused: { reason: 'login_required', detail: 'begun in another browser' },
    };
  }
  const now = parts.clock();
  const code = { upstreamCode, transaction, change: parts.clients.change };
  const location = needsCallback(transaction, client)
    ? await callbackWithCode(parts, code, now)
    : queryAnswer(transaction, parts.issuer, { code: await sealCode(parts.seals, code, now) });
  return { kind: 'redirect', location };
}

/** The address that takes an error to the vendor, as a standard code. */
function errorLocation(
  parts: AuthorizationResponseParts,
  { state, transaction }: OpenedState,
  client: Client,
  upstreamError: string,
): string {
  const error = standardError(upstreamError);
  return needsCallback(transaction, client)
    ? callbackWithError(parts.issuer, state, error)
    : queryAnswer(transaction, parts.issuer, { error });
}

function blocked(reason: Reason, detail?: string): RelayAnswer {
  return detail === undefined ? { kind: 'blocked', reason } : { kind: 'blocked', reason, detail };
}

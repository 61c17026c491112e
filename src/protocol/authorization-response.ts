import type { Reason } from '../errors.ts';
import type { RelayAnswer, RelayPolicy } from '../upstream/relay.ts';
import type { Client } from '../vendors/client.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import { authorizationAnswer, standardError } from './authorization-answer.ts';
import type { BrowserBinding } from './browser-binding.ts';
import { sealCode } from './code.ts';
import type { Seals } from './seals.ts';
import type { Transaction } from './transaction.ts';
import { openTransaction } from './transaction.ts';
import { isUnaltered, upstreamAuthorization } from './upstream-authorization.ts';

/** What fits into a seal of ours together with the longest transaction, in characters. */
const MAX_CODE_LENGTH = 8 * 1024;

/** What authorization responses are opened with. */
export interface AuthorizationResponseParts {
  readonly issuer: string;
  readonly upstreamIssuer: string;
  readonly clients: {
    find(clientId: string): Client | undefined;
    isRedirectTarget(url: URL): boolean;
  };
  readonly binding: BrowserBinding;
  readonly seals: Seals;
  readonly sealRoot: Uint8Array;
  readonly clock: () => Date;
}

/** The late way (design section 4): what the relay may let through of a login, and as what. */
export function authorizationResponses(parts: AuthorizationResponseParts): RelayPolicy {
  return {
    isRedirectTarget: (url) => parts.clients.isRedirectTarget(url),

    async admitsAuthorization(parameters) {
      const transaction = await open(parts, parameters);
      if (transaction === undefined) return false;
      const client = parts.clients.find(transaction.clientId);
      if (client === undefined) return false;
      return isUnaltered(parameters, upstreamAuthorization(transaction, client, parts.sealRoot));
    },

    async answer(response, cookieHeader) {
      const parameters = response.searchParams;
      const transaction = await open(parts, parameters);
      if (transaction === undefined) return blocked('response_foreign', 'no transaction of ours');
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
      if (error !== null) return refusedUpstream(parts, transaction, parameters);
      return sealedAnswer(parts, transaction, parameters.get('code'), cookieHeader);
    },
  };
}

async function open(
  parts: AuthorizationResponseParts,
  parameters: URLSearchParams,
): Promise<Transaction | undefined> {
  const [state, ...more] = parameters.getAll('state');
  if (state === undefined || more.length > 0) return undefined;
  const opened = await openTransaction(parts.seals, state, parts.clock());
  return opened.ok ? opened.value : undefined;
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
  transaction: Transaction,
  parameters: URLSearchParams,
): RelayAnswer {
  const error = parameters.get('error') ?? '';
  const members = { error: standardError(error) };
  const words = [error, parameters.get('error_description') ?? ''].map(speakable);
  return {
    kind: 'redirect',
    location: authorizationAnswer(transaction, parts.issuer, members),
    refused: { reason: 'upstream_refused', detail: words.join(': ') },
  };
}

/** The upstream's words as the log may have them: cut, without control characters. */
function speakable(words: string): string {
  return words.replaceAll(/\p{C}/gu, ' ').slice(0, 200);
}

async function sealedAnswer(
  parts: AuthorizationResponseParts,
  transaction: Transaction,
  upstreamCode: string | null,
  cookieHeader: string | undefined,
): Promise<RelayAnswer> {
  if (upstreamCode === null || upstreamCode === '') {
    return blocked('response_foreign', 'neither code nor error');
  }
  if (upstreamCode.length > MAX_CODE_LENGTH) {
    return blocked('upstream_malformed', `a code over ${MAX_CODE_LENGTH} characters`);
  }
  if (!parts.binding.matches(transaction.browser, cookieHeader)) {
    if (!transaction.promptNone) return blocked('browser_mismatch');
    // Word for word what a browser without a session gets, so that nobody can probe for one.
    const members = { error: 'login_required' };
    return {
      kind: 'redirect',
      location: authorizationAnswer(transaction, parts.issuer, members),
      refused: { reason: 'login_required', detail: 'begun in another browser' },
    };
  }
  const code = await sealCode(parts.seals, { upstreamCode, transaction }, parts.clock());
  return { kind: 'redirect', location: authorizationAnswer(transaction, parts.issuer, { code }) };
}

function blocked(reason: Reason, detail?: string): RelayAnswer {
  return detail === undefined ? { kind: 'blocked', reason } : { kind: 'blocked', reason, detail };
}

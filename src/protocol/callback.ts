import { Refusal, orRefuse } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import type { AnswerMembers, SignAnswer } from './authorization-answer.ts';
import { authorizationAnswer, standardError } from './authorization-answer.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { SealedCode } from './code.ts';
import { openPendingCode, sealCode } from './code.ts';
import type { EarlyParts } from './early.ts';
import { answerEarly } from './early.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { optional, refuseDuplicates } from './parameters.ts';
import type { Transaction } from './transaction.ts';
import { openTransaction } from './transaction.ts';
import { goesEarly } from './way.ts';

/** What the callback works with. */
export interface CallbackParts extends EarlyParts {
  readonly upstreamIssuer: string;
  readonly binding: BrowserBinding;
  readonly signAnswer: (client: Client) => SignAnswer;
}

/**
 * Where a login ends whose answer the proxy builds: the upstream sends the
 * browser here (front channel `callback`), or the relay does with a sealed code.
 */
export function callbackEndpoint(parts: CallbackParts): Endpoint {
  return async (request) => {
    refuseDuplicates(request.query);
    const error = optional(request.query, 'error');
    const pending = error === undefined ? await readCode(parts, request.query) : undefined;
    const transaction = pending?.transaction ?? (await readTransaction(parts, request.query));
    const client = parts.clients.find(transaction.clientId);
    if (client === undefined) throw new Refusal('client_unknown');
    if (!isRegisteredRedirectUri(transaction.redirectUri, client.metadata)) {
      throw new Refusal('redirect_uri_unregistered');
    }
    const answer = (members: AnswerMembers): Promise<ProtocolResponse> =>
      authorizationAnswer(transaction, parts.issuer, members, parts.signAnswer(client));
    if (pending === undefined) {
      logRefused(request, 'upstream_refused', client);
      return answer({ error: standardError(error ?? '') });
    }
    if (!parts.binding.matches(transaction.browser, request.headers['cookie'])) {
      if (!transaction.promptNone) throw new Refusal('browser_mismatch');
      logRefused(request, 'login_required', client);
      return answer({ error: 'login_required' });
    }
    try {
      return await answer(await membersOf(parts, pending, client, request));
    } catch (failed) {
      if (!(failed instanceof Refusal)) throw failed;
      logRefused(request, failed.reason, client, failed.detail);
      return answer(errorFor(failed.reason));
    }
  };
}

/** Hints are told by the bare code, word for word what a browser without a session gets. */
function errorFor(reason: Reason): AnswerMembers {
  if (reason === 'hint_mismatch') return { error: 'login_required' };
  const unavailable: ReadonlySet<Reason> = new Set([
    'upstream_unavailable',
    'upstream_timeout',
    'database_unavailable',
    'configuration_stale',
    'key_unavailable',
  ]);
  return { error: unavailable.has(reason) ? 'temporarily_unavailable' : 'server_error' };
}

async function membersOf(
  parts: CallbackParts,
  pending: SealedCode,
  client: Client,
  request: ProtocolRequest,
): Promise<AnswerMembers> {
  const { transaction } = pending;
  if (goesEarly(transaction, client)) return answerEarly(parts, pending, client, request.log);
  // The upstream's code for `none` is discarded: nobody may redeem it.
  if (transaction.responseType === 'none') return {};
  return { code: await sealCode(parts.seals, pending, parts.clock()) };
}

/** The code: sealed by the relay, or as the upstream sent it to this very address. */
async function readCode(parts: CallbackParts, query: URLSearchParams): Promise<SealedCode> {
  const pending = optional(query, 'pending');
  if (pending !== undefined) {
    return orRefuse(await openPendingCode(parts.seals, pending, parts.clock()));
  }
  const transaction = await readTransaction(parts, query);
  if (transaction.frontChannel !== 'callback') {
    throw new Refusal('response_foreign', 'the login goes through the relay');
  }
  const iss = query.get('iss');
  if (iss !== null && iss !== parts.upstreamIssuer) {
    throw new Refusal('response_foreign', 'iss is not the upstream');
  }
  const upstreamCode = optional(query, 'code');
  if (upstreamCode === undefined) throw new Refusal('response_foreign', 'neither code nor error');
  if (upstreamCode.length > MAX_CODE_LENGTH) {
    throw new Refusal('upstream_malformed', `a code over ${MAX_CODE_LENGTH} characters`);
  }
  return { upstreamCode, transaction };
}

/** What fits into a seal of ours together with the longest transaction, in characters. */
const MAX_CODE_LENGTH = 8 * 1024;

async function readTransaction(parts: CallbackParts, query: URLSearchParams): Promise<Transaction> {
  const state = optional(query, 'state');
  if (state === undefined) throw new Refusal('response_foreign', 'no transaction of ours');
  return orRefuse(await openTransaction(parts.seals, state, parts.clock()));
}

function logRefused(
  request: ProtocolRequest,
  reason: Reason,
  client: Client,
  detail?: string,
): void {
  request.log.warn({ reason, detail, client: client.clientId }, 'refused');
}

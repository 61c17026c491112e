import { Refusal, orRefuse } from '../errors.ts';
import type { AnswerMembers } from './authorization-answer.ts';
import { standardError } from './authorization-answer.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { SealedCode } from './code.ts';
import { openPendingCode, sealCode } from './code.ts';
import type { EarlyParts } from './early.ts';
import { answerEarly, arriveEarly } from './early.ts';
import type { LoginAnswerParts } from './login-answer.ts';
import { answeredOrTold, answerOf, logRefused } from './login-answer.ts';
import type { Endpoint } from './message.ts';
import type { NoticeDue } from './notice.ts';
import { optional, refuseDuplicates } from './parameters.ts';
import type { Transaction } from './transaction.ts';
import { openTransaction } from './transaction.ts';
import { goesEarly } from './way.ts';

/** What the callback works with. */
export interface CallbackParts extends EarlyParts {
  readonly upstreamIssuer: string;
  readonly binding: BrowserBinding;
  readonly signAnswer: LoginAnswerParts['signAnswer'];
  readonly noticeDue: NoticeDue;
}

/**
 * Where a login ends whose answer the proxy builds: the upstream sends the
 * browser here (front channel `callback`), or the relay does with a sealed code.
 */
export function callbackEndpoint(parts: CallbackParts): Endpoint {
  return async (request) => {
    refuseDuplicates(request.query);
    const error = optional(request.query, 'error');
    if (error !== undefined) {
      const refused = answerOf(parts, await readTransaction(parts, request.query));
      logRefused(request, 'upstream_refused', refused.client);
      return refused.answer({ error: standardError(error) });
    }
    const pending = await readCode(parts, request.query);
    const { transaction } = pending;
    const to = answerOf(parts, transaction);
    const { client, answer } = to;
    if (!parts.binding.matches(transaction.browser, request.headers['cookie'])) {
      if (!transaction.promptNone) throw new Refusal('browser_mismatch');
      logRefused(request, 'login_required', client);
      return answer({ error: 'login_required' });
    }
    return answeredOrTold(to, request, async () => {
      if (!goesEarly(transaction, client)) return answer(await lateMembers(parts, pending));
      const arrival = await arriveEarly(parts, pending, client);
      const notice = await parts.noticeDue(arrival);
      return notice ?? answer(await answerEarly(parts, arrival, request.log));
    });
  };
}

async function lateMembers(parts: CallbackParts, pending: SealedCode): Promise<AnswerMembers> {
  // The upstream's code for `none` is discarded: nobody may redeem it.
  if (pending.transaction.responseType === 'none') return {};
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
  return { upstreamCode, transaction, change: parts.clients.change };
}

/** What fits into a seal of ours together with the longest transaction, in characters. */
const MAX_CODE_LENGTH = 8 * 1024;

async function readTransaction(parts: CallbackParts, query: URLSearchParams): Promise<Transaction> {
  const state = optional(query, 'state');
  if (state === undefined) throw new Refusal('response_foreign', 'no transaction of ours');
  return orRefuse(await openTransaction(parts.seals, state, parts.clock()));
}

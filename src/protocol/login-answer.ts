import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import type { AnswerMembers, SignAnswer } from './authorization-answer.ts';
import { authorizationAnswer } from './authorization-answer.ts';
import type { ProtocolRequest, ProtocolResponse } from './message.ts';
import type { Transaction } from './transaction.ts';

/** What the answers to logins are built with. */
export interface LoginAnswerParts {
  readonly issuer: string;
  readonly clients: { find(clientId: string): Client | undefined };
  readonly signAnswer: (client: Client) => SignAnswer;
}

/** The client of a login, and how it is answered. */
export interface LoginAnswer {
  readonly client: Client;
  readonly answer: (members: AnswerMembers) => Promise<ProtocolResponse>;
}

/**
 * How a login is answered, if its client and redirect URI still stand.
 *
 * @throws Refusal `client_unknown`, `redirect_uri_unregistered`
 */
export function answerOf(parts: LoginAnswerParts, transaction: Transaction): LoginAnswer {
  const client = parts.clients.find(transaction.clientId);
  if (client === undefined) throw new Refusal('client_unknown');
  if (!isRegisteredRedirectUri(transaction.redirectUri, client.metadata)) {
    throw new Refusal('redirect_uri_unregistered');
  }
  const answer = (members: AnswerMembers): Promise<ProtocolResponse> =>
    authorizationAnswer(transaction, parts.issuer, members, parts.signAnswer(client));
  return { client, answer };
}

/** What a piece of work answers; where it is refused, the vendor is told by a standard code. */
export async function answeredOrTold(
  { client, answer }: LoginAnswer,
  request: ProtocolRequest,
  work: () => Promise<ProtocolResponse>,
): Promise<ProtocolResponse> {
  try {
    return await work();
  } catch (failed) {
    if (!(failed instanceof Refusal)) throw failed;
    logRefused(request, failed.reason, client, failed.detail);
    return answer(errorFor(failed.reason));
  }
}

/** A refusal that the vendor is told. */
export function logRefused(
  request: ProtocolRequest,
  reason: Reason,
  client: Client,
  detail?: string,
): void {
  request.log.warn({ reason, detail, client: client.clientId }, 'refused');
}

/** Hints are told by the bare code, word for word what a browser without a session gets. */
const TOLD: ReadonlyMap<Reason, string> = new Map([
  ['hint_mismatch', 'login_required'],
  ['notice_unseen', 'consent_required'],
  ['notice_declined', 'access_denied'],
  ['upstream_unavailable', 'temporarily_unavailable'],
  ['upstream_timeout', 'temporarily_unavailable'],
  ['database_unavailable', 'temporarily_unavailable'],
  ['configuration_stale', 'temporarily_unavailable'],
  ['key_unavailable', 'temporarily_unavailable'],
]);

function errorFor(reason: Reason): AnswerMembers {
  return { error: TOLD.get(reason) ?? 'server_error' };
}

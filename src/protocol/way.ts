import type { Client } from '../vendors/client.ts';
import { isFrontChannelType } from './response-mode.ts';
import type { Transaction } from './transaction.ts';

/**
 * Whether the user must be known at the authorization endpoint (design section 4,
 * Authorization response): tokens are asked for there, or a subject is hinted at.
 */
function isEarly(transaction: Pick<Transaction, 'responseType' | 'hinted'>): boolean {
  return isFrontChannelType(transaction.responseType) || transaction.hinted !== undefined;
}

/**
 * Whether a login goes the early way; forwarded clients have only the late one. A notice is never
 * left out: where its client has become one of them meanwhile, the early way refuses it.
 */
export function goesEarly(transaction: Transaction, client: Client): boolean {
  if (transaction.notice !== undefined) return true;
  return client.upstream !== undefined && isEarly(transaction);
}

/** Whether the answer is built at our callback: it is early, or more than a query. */
export function needsCallback(transaction: Transaction, client: Client): boolean {
  const plain = transaction.responseMode === 'query' && transaction.responseType === 'code';
  return !plain || goesEarly(transaction, client);
}

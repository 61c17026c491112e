import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import { Concealed } from '../tokens/seal.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { VerifiedIdToken } from '../tokens/verify.ts';
import type { UpstreamTokens } from '../upstream/token-request.ts';
import type { Grant } from './grant.ts';
import { packGrant, unpackGrant } from './grant.ts';
import { isContents, keptUntil, packArrival, unpackArrival } from './kept-arrival.ts';
import type { Seals } from './seals.ts';
import type { Transaction } from './transaction.ts';
import { packTransaction, unpackTransaction } from './transaction.ts';

/** What a vendor's code carries on the late way: the upstream's code, and the transaction. */
export interface SealedCode {
  readonly upstreamCode: string;
  readonly transaction: Transaction;
  /** The change-log position that held when the upstream's answer came. */
  readonly change: number;
}

/** What a vendor's code stands for on the early way: what the upstream's code has come to. */
export interface EarlyCode {
  readonly transaction: Transaction;
  readonly grant: Grant;
  readonly tokens: UpstreamTokens;
  readonly verified: VerifiedIdToken;
}

/** A vendor's code, opened. */
export type OpenedCode = (
  ({ readonly way: 'late' } & SealedCode) | ({ readonly way: 'early' } & EarlyCode)
) & { readonly expiresAt: Date };

/** RFC 6749 4.1.2 recommends ten minutes at the most. */
const CODE_SECONDS = 300;

function timesFrom(now: Date): { now: Date; expiresAt: Date } {
  return { now, expiresAt: new Date(now.getTime() + CODE_SECONDS * 1000) };
}

/** Seals the upstream's code into the code that the vendor gets. */
export function sealCode(seals: Seals, code: SealedCode, now: Date): Promise<string> {
  // The vendor has its `state` back already; a long one would only make the code long.
  const transaction = { ...code.transaction, state: undefined };
  return seals.seal('code', packSealedCode({ ...code, transaction }), timesFrom(now));
}

/** Seals the upstream's code on its way from the relay to our callback. */
export function sealPendingCode(seals: Seals, code: SealedCode, now: Date): Promise<string> {
  return seals.seal('pending_code', packSealedCode(code), timesFrom(now));
}

/** Keeps what an early redemption yielded; the vendor's code is a random reference to it. */
export function keepEarlyCode(seals: Seals, code: EarlyCode, now: Date): Promise<string> {
  const contents = {
    ...{ r: packTransaction({ ...code.transaction, state: undefined }), g: packGrant(code.grant) },
    ...packArrival(code, now),
  };
  const expiresAt = keptUntil(code, now, CODE_SECONDS);
  return seals.keep('code', contents, { now, expiresAt, user: code.grant.userIndex });
}

/** Opens a vendor's code: `code_invalid` or `code_expired` where it cannot be. */
export async function openCode(seals: Seals, code: string, now: Date): Promise<Result<OpenedCode>> {
  const opened = await seals.unseal('code', code, now);
  if (!opened.ok) {
    return failure(opened.reason === 'seal_expired' ? 'code_expired' : 'code_invalid');
  }
  const { contents, expiresAt } = opened.value;
  if (!isContents(contents['g']) || !isContents(contents['r'])) {
    return success({ way: 'late', ...unpackSealedCode(contents), expiresAt });
  }
  const grant = unpackGrant(contents['g']);
  if (grant === undefined) return failure('code_invalid');
  return success({
    ...{ way: 'early', grant, expiresAt },
    transaction: unpackTransaction(contents['r']),
    ...unpackArrival(contents, grant.scope, now),
  });
}

/** Opens what the relay sealed; anything else is `response_foreign`. */
export async function openPendingCode(
  seals: Seals,
  pending: string,
  now: Date,
): Promise<Result<SealedCode>> {
  const opened = await seals.unseal('pending_code', pending, now);
  if (!opened.ok) return failure('response_foreign', opened.reason);
  return success(unpackSealedCode(opened.value.contents));
}

function packSealedCode(code: SealedCode): Record<string, SealValue> {
  return {
    ...packTransaction(code.transaction),
    ...{ u: new Concealed(code.upstreamCode), p: code.change },
  };
}

function unpackSealedCode(contents: Readonly<Record<string, SealValue>>): SealedCode {
  return {
    upstreamCode: String(contents['u']),
    change: Number(contents['p']),
    transaction: unpackTransaction(contents),
  };
}

import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import { Concealed } from '../tokens/seal.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { Seals } from './seals.ts';
import type { Transaction } from './transaction.ts';
import { packTransaction, unpackTransaction } from './transaction.ts';

/** What a vendor's code carries on the late way: the upstream's code, and the transaction less its `state`. */
export interface SealedCode {
  readonly upstreamCode: string;
  readonly transaction: Transaction;
}

/** RFC 6749 4.1.2 recommends ten minutes at the most. */
const CODE_SECONDS = 300;

/** Seals the upstream's code into the code that the vendor gets. */
export function sealCode(seals: Seals, code: SealedCode, now: Date): Promise<string> {
  const contents: Record<string, SealValue> = {
    // The vendor has its `state` back already; a long one would only make the code long.
    ...packTransaction({ ...code.transaction, state: undefined }),
    u: new Concealed(code.upstreamCode),
  };
  return seals.seal('code', contents, {
    now,
    expiresAt: new Date(now.getTime() + CODE_SECONDS * 1000),
  });
}

/** Opens a vendor's code: `code_invalid` or `code_expired` where it cannot be. */
export async function openCode(
  seals: Seals,
  code: string,
  now: Date,
): Promise<Result<SealedCode & { readonly expiresAt: Date }>> {
  const opened = await seals.unseal('code', code, now);
  if (!opened.ok) {
    return failure(opened.reason === 'seal_expired' ? 'code_expired' : 'code_invalid');
  }
  const { contents, expiresAt } = opened.value;
  return success({
    upstreamCode: String(contents['u']),
    transaction: unpackTransaction(contents),
    expiresAt,
  });
}

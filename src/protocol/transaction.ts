import { randomBytes } from 'node:crypto';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { Seals } from './seals.ts';

/** What an authorization request leaves behind until its answer: our `state` towards the upstream. */
export interface Transaction {
  /** 16 random bytes, base64url; the upstream nonce and code verifier derive from it. */
  readonly id: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The vendor's own `state` and `nonce`. */
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  /** The vendor's S256 code challenge. */
  readonly codeChallenge: string | undefined;
  /** The scope asked of the upstream, already narrowed. */
  readonly scope: string;
  /** The `max_age` that the vendor asked for, in seconds. */
  readonly maxAge: number | undefined;
  /** Hash of the cookie that binds the browser. */
  readonly browser: string;
  readonly promptNone: boolean;
  /** Whether our own PKCE challenge went to the upstream. */
  readonly upstreamPkce: boolean;
}

/** A user may take this long to log in. */
const TRANSACTION_SECONDS = 3600;

/** A new transaction's id. */
export function newTransactionId(): string {
  return randomBytes(16).toString('base64url');
}

/** The transaction as seal contents; absent members stay absent. */
export function packTransaction(transaction: Transaction): Record<string, SealValue> {
  return {
    i: transaction.id,
    c: transaction.clientId,
    r: transaction.redirectUri,
    s: transaction.state ?? null,
    n: transaction.nonce ?? null,
    h: transaction.codeChallenge ?? null,
    o: transaction.scope,
    m: transaction.maxAge ?? null,
    b: transaction.browser,
    q: transaction.promptNone,
    k: transaction.upstreamPkce,
  };
}

/** The inverse of {@link packTransaction}. */
export function unpackTransaction(contents: Readonly<Record<string, SealValue>>): Transaction {
  return {
    id: String(contents['i']),
    clientId: String(contents['c']),
    redirectUri: String(contents['r']),
    state: text(contents['s']),
    nonce: text(contents['n']),
    codeChallenge: text(contents['h']),
    scope: String(contents['o']),
    maxAge: typeof contents['m'] === 'number' ? contents['m'] : undefined,
    browser: String(contents['b']),
    promptNone: contents['q'] === true,
    upstreamPkce: contents['k'] === true,
  };
}

function text(value: SealValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Seals the `state` that goes to the upstream; `beforeKeeping` as in {@link Seals.seal}. */
export function sealTransaction(
  seals: Seals,
  transaction: Transaction,
  now: Date,
  beforeKeeping: () => Promise<void>,
): Promise<string> {
  const expiresAt = new Date(now.getTime() + TRANSACTION_SECONDS * 1000);
  const contents = packTransaction(transaction);
  return seals.seal('transaction', contents, { now, expiresAt }, beforeKeeping);
}

/** Opens a `state` that came back; anything that is not ours is `response_foreign`. */
export async function openTransaction(
  seals: Seals,
  state: string,
  now: Date,
): Promise<Result<Transaction>> {
  const opened = await seals.unseal('transaction', state, now);
  if (!opened.ok) return failure('response_foreign', opened.reason);
  return success(unpackTransaction(opened.value.contents));
}

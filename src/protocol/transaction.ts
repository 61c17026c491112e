import { randomBytes } from 'node:crypto';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { FrontChannel } from '../config/types.ts';
import { responseTypeOf, type ResponseType } from '../vendors/response-types.ts';
import type { ResponseMode } from './response-mode.ts';
import { RESPONSE_MODES } from './response-mode.ts';
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
  readonly responseType: ResponseType;
  readonly responseMode: ResponseMode;
  /** Whether `auth_time` was asked for by `claims`. */
  readonly authTimeRequested: boolean;
  /** User indexes of the subjects that the request hinted at, base64url; undefined: no hint. */
  readonly hinted: readonly string[] | undefined;
  /** The vendor's `login_hint` where it goes to the upstream. */
  readonly loginHint: string | undefined;
  /** RFC 8707. */
  readonly resource: readonly string[];
  /** How the browser reaches the upstream. */
  readonly frontChannel: FrontChannel;
  /** RFC 9449 10: the thumbprint of the key that the code is bound to. */
  readonly dpopJkt: string | undefined;
  /** Which users are shown the vendor's notice before the answer; undefined: none. */
  readonly notice: NoticeWish | undefined;
}

/** Those who have not been told of all that the vendor gets, or every one. */
export type NoticeWish = 'unseen' | 'always';

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
    t: transaction.responseType,
    d: transaction.responseMode,
    a: transaction.authTimeRequested,
    x: transaction.hinted ?? null,
    l: transaction.loginHint ?? null,
    e: transaction.resource,
    f: transaction.frontChannel,
    j: transaction.dpopJkt ?? null,
    w: transaction.notice ?? null,
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
    responseType: responseTypeOf(String(contents['t'])) ?? 'code',
    responseMode: modeOf(contents['d']),
    authTimeRequested: contents['a'] === true,
    hinted: texts(contents['x']),
    loginHint: text(contents['l']),
    resource: texts(contents['e']) ?? [],
    frontChannel: contents['f'] === 'callback' ? 'callback' : 'relay',
    dpopJkt: text(contents['j']),
    notice: noticeOf(contents['w']),
  };
}

function modeOf(value: SealValue | undefined): ResponseMode {
  const mode = RESPONSE_MODES.find((known) => known === value);
  return mode === undefined || mode === 'jwt' ? 'query' : mode;
}

function noticeOf(value: SealValue | undefined): NoticeWish | undefined {
  return value === 'unseen' || value === 'always' ? value : undefined;
}

function texts(value: SealValue | undefined): readonly string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined;
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

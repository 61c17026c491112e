import { Refusal } from '../errors.ts';
import { Concealed } from '../tokens/seal.ts';
import type { EarlyArrival } from './early.ts';
import { isContents, keptUntil, packArrival, unpackArrival } from './kept-arrival.ts';
import type { Seals } from './seals.ts';
import { packTransaction, unpackTransaction } from './transaction.ts';

/** Seconds for which a page waits for its answer. */
const LIFETIME = 600;

/** A login that waits for its user to read the notice; its client is found anew. */
export type WaitingLogin = Omit<EarlyArrival, 'client' | 'userIndex'>;

/** Removes what is behind a reference; false: another answer was first. */
export type TakeReference = (reference: string, now: Date) => Promise<boolean>;

/** Logins that wait for their user to read the notice, sealed behind random references. */
export class PendingNotices {
  readonly #seals: Seals;
  readonly #take: TakeReference;

  constructor(seals: Seals, take: TakeReference) {
    this.#seals = seals;
    this.#take = take;
  }

  /**
   * Keeps a login; yields a random reference. It waits no longer than the upstream's ID token is
   * good, so that what the vendor then gets is too.
   *
   * @throws Refusal `database_unavailable`
   */
  keep(
    { pending, tokens, verified, userIndex }: Omit<EarlyArrival, 'client'>,
    now: Date,
  ): Promise<string> {
    const expiresAt = keptUntil({ verified }, now, LIFETIME);
    const contents = {
      r: packTransaction(pending.transaction),
      c: new Concealed(pending.upstreamCode),
      i: tokens.idToken === undefined ? null : new Concealed(tokens.idToken),
      p: tokens.scope ?? null,
      n: pending.change,
      ...packArrival({ tokens, verified }, now),
    };
    return this.#seals.keep('notice', contents, { now, expiresAt, user: userIndex });
  }

  /**
   * The login behind a reference.
   *
   * @throws Refusal `notice_gone`, `database_unavailable`
   */
  async read(reference: string, now: Date): Promise<WaitingLogin> {
    if (!/^[\w-]{43}$/.test(reference)) throw new Refusal('notice_gone', 'not a reference');
    const opened = await this.#seals.unseal('notice', reference, now);
    if (!opened.ok) throw new Refusal('notice_gone', opened.reason);
    const { contents } = opened.value;
    const transaction = contents['r'];
    if (!isContents(transaction)) throw new Refusal('notice_gone', 'malformed');
    const scope = typeof contents['p'] === 'string' ? contents['p'] : undefined;
    const { tokens, verified } = unpackArrival(contents, scope, now);
    return {
      pending: {
        upstreamCode: String(contents['c']),
        change: Number(contents['n']),
        transaction: unpackTransaction(transaction),
      },
      tokens: {
        ...tokens,
        idToken: typeof contents['i'] === 'string' ? contents['i'] : undefined,
      },
      verified,
    };
  }

  /**
   * Uses a login up, for every replica.
   *
   * @throws Refusal `notice_gone` where another answer was first, `database_unavailable`
   */
  async take(reference: string, now: Date): Promise<void> {
    if (!(await this.#take(reference, now))) throw new Refusal('notice_gone', 'answered');
  }
}

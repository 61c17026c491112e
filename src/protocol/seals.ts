import type { Result } from '../result.ts';
import { failure } from '../result.ts';
import type { Purpose, Sealer, SealValue } from '../tokens/seal.ts';

/** How long a sealed value is good, and whose it is where it is one user's. */
export interface KeptUntil {
  readonly expiresAt: Date;
  /** The user's blind index: with the user, what is kept behind a reference is erased. */
  readonly user?: Uint8Array | undefined;
}

/** Keeps what is too long to travel behind a random reference, for every replica. */
export interface ReferenceStore {
  put(purpose: Purpose, sealed: string, until: KeptUntil): Promise<string>;
  read(purpose: Purpose, reference: string, now: Date): Promise<string | undefined>;
}

/** The longest value, in characters, that travels itself; 0: none does. */
const LONGEST: Readonly<Record<Exclude<Purpose, 'transaction' | 'account_login'>, number>> = {
  pushed_request: 0,
  logout: 1800,
  notice: 0,
  account_session: 0,
  pending_code: 4096,
  code: 4096,
  access_token: 4096,
  refresh_token: 4096,
  device_code: 4096,
  user_code: 4096,
  auth_req_id: 4096,
};

/** Seals what leaves, by value or, above a size limit, by reference (design section 4, Seal). */
export class Seals {
  readonly #sealer: Sealer;
  readonly #store: ReferenceStore;
  readonly #longest: Readonly<Record<Purpose, number>>;

  /** @param stateLimit the longest `state` that the upstream carries, in characters */
  constructor(sealer: Sealer, store: ReferenceStore, stateLimit: number) {
    this.#sealer = sealer;
    this.#store = store;
    // Both travel as the upstream's `state`.
    this.#longest = { ...LONGEST, transaction: stateLimit, account_login: stateLimit };
  }

  /**
   * @param beforeKeeping may refuse, where a reference is needed, that a row is written
   * @throws Refusal `database_unavailable` where a reference is needed
   */
  async seal(
    purpose: Purpose,
    contents: Record<string, SealValue>,
    times: KeptUntil & { readonly now: Date },
    beforeKeeping?: () => Promise<void>,
  ): Promise<string> {
    const sealed = await this.#sealer.seal(purpose, contents, times);
    if (sealed.length <= this.#longest[purpose]) return sealed;
    await beforeKeeping?.();
    return this.#store.put(purpose, sealed, times);
  }

  /** Keeps contents in the database in any case; yields a random reference (43 characters). */
  async keep(
    purpose: Purpose,
    contents: Record<string, SealValue>,
    times: KeptUntil & { readonly now: Date },
  ): Promise<string> {
    const sealed = await this.#sealer.seal(purpose, contents, times);
    return this.#store.put(purpose, sealed, times);
  }

  /**
   * Opens a value or a reference.
   *
   * @returns `seal_malformed` or `seal_expired`
   * @throws Refusal `database_unavailable` for a reference
   */
  async unseal(
    purpose: Purpose,
    value: string,
    now: Date,
  ): Promise<Result<{ contents: Record<string, SealValue>; expiresAt: Date }>> {
    if (!isReference(value)) return this.#sealer.unseal(purpose, value, now);
    const sealed = await this.#store.read(purpose, value, now);
    if (sealed === undefined) return failure('seal_malformed', 'an unknown reference');
    return this.#sealer.unseal(purpose, sealed, now);
  }
}

/** 32 random bytes in base64url; a sealed value has dots. */
function isReference(value: string): boolean {
  return /^[\w-]{43}$/.test(value);
}

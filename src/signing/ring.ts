import { readSigningKeys } from '../database/signing-keys.ts';
import { Refusal, orRefuse } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { SigningAlgorithm } from '../tokens/algorithms.ts';
import { isPublished, type KeyStanding } from '../tokens/key-rotation.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import { importSigningKey, publicJwks } from '../tokens/signing-keys.ts';
import type { KeyStore } from './upkeep.ts';
import { keepKeys } from './upkeep.ts';

/** Milliseconds between two looks at what has become due. */
const UPKEEP_INTERVAL = 30_000;

type PublishedKey = Parameters<typeof publicJwks>[0][number] & KeyStanding;

/** The signing keys of this replica: those that sign now, and all that are published. */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #log: Logger;
  #active = new Map<SigningAlgorithm, SigningKey>();
  #known: readonly PublishedKey[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(store: KeyStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Opens the ring; the first start makes a key for each algorithm. */
  static async open(store: KeyStore, log: Logger): Promise<KeyRing> {
    const ring = new KeyRing(store, log);
    await keepKeys(store);
    await ring.reload();
    ring.#timer = setInterval(() => void ring.lookAfter(), UPKEEP_INTERVAL).unref();
    return ring;
  }

  /**
   * The key that signs for an algorithm now.
   *
   * @throws Refusal `key_unavailable`
   */
  signingKey(algorithm: SigningAlgorithm): SigningKey {
    const key = this.#active.get(algorithm);
    if (key === undefined) throw new Refusal('key_unavailable', `no active ${algorithm} key`);
    return key;
  }

  /** The public keys that vendors may meet: next, active, and retired not long ago. */
  publicKeys(): readonly object[] {
    const now = this.#store.clock();
    return publicJwks(this.#known.filter((key) => isPublished(key, now))).keys;
  }

  /**
   * The public keys of everything that we may have signed and that may come back: those
   * retired long ago too. What is signed with them proves nothing but its origin.
   */
  rememberedKeys(): readonly object[] {
    return publicJwks(this.#known).keys;
  }

  /** The life of every key that is known. */
  standings(): readonly KeyStanding[] {
    return this.#known;
  }

  /** Reads the keys anew; called when the change log says that they changed. */
  async reload(): Promise<void> {
    const rows = await readSigningKeys(this.#store.db, this.#store.atRest);
    const active = new Map<SigningAlgorithm, SigningKey>();
    for (const row of rows) {
      if (row.state === 'active') active.set(row.alg, orRefuse(await importSigningKey(row)));
    }
    this.#known = rows.map(({ kid, alg, state, publicJwk, createdAt, retiredAt }) => ({
      ...{ kid, alg, state, publicJwk, createdAt },
      ...(retiredAt !== undefined && { retiredAt }),
    }));
    this.#active = active;
  }

  /**
   * Does what has become due, and reads the keys anew in any case: a reading that
   * failed when the change was told would else leave this replica behind. Never throws.
   */
  async lookAfter(): Promise<void> {
    try {
      await keepKeys(this.#store);
      await this.reload();
    } catch (error) {
      this.#log.warn({ err: error }, 'signing keys could not be looked after');
    }
  }

  /** Stops the upkeep. */
  close(): void {
    clearInterval(this.#timer);
  }
}

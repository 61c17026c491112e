import { LRUCache } from 'lru-cache';
import { Refusal } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Exchange } from '../upstream/exchange.ts';
import { jsonObject } from '../upstream/json.ts';
import type { Client } from '../vendors/client.ts';
import type { ClientKey } from '../vendors/client-keys.ts';
import { publishedKeys } from '../vendors/client-keys.ts';

/** All in milliseconds. */
const FRESH = 300_000;
/** Keys that could not be fetched anew serve on for this long. */
const USABLE = 3_600_000;
const BETWEEN_FETCHES = 10_000;
const MOST_ADDRESSES = 1000;

interface Known {
  readonly keys: readonly ClientKey[] | undefined;
  readonly fetchedAt: number;
  /** Of the last attempt, successful or not. */
  readonly triedAt: number;
}

/** What {@link ClientKeys} works with. */
export interface ClientKeysParts {
  readonly exchange: Exchange;
  readonly issuer: string;
  readonly clock: () => Date;
  readonly log: Pick<Logger, 'warn'>;
}

/** The public keys of clients: registered ones, and those that vendors publish at a `jwks_uri`. */
export class ClientKeys {
  readonly #parts: ClientKeysParts;
  readonly #known = new LRUCache<string, Known>({ max: MOST_ADDRESSES });
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(parts: ClientKeysParts) {
    this.#parts = parts;
  }

  /**
   * The keys of a client; empty where it has registered none.
   *
   * @throws Refusal `client_keys_unavailable`
   */
  async keys({ metadata }: Pick<Client, 'metadata'>): Promise<readonly ClientKey[]> {
    const { jwks, jwks_uri: address } = metadata;
    if (address === undefined) return jwks?.keys ?? [];
    const known = this.#known.get(address);
    if (known?.keys === undefined || this.#age(known.fetchedAt) > FRESH) await this.#fetch(address);
    const { keys, fetchedAt } = this.#known.get(address) ?? {};
    if (keys === undefined || fetchedAt === undefined || this.#age(fetchedAt) > USABLE) {
      throw new Refusal('client_keys_unavailable');
    }
    return keys;
  }

  /**
   * Fetches the keys of a client once more because none of them fitted. Rate limited, so that
   * invented key ids cause no load. True: they may have changed, look again.
   */
  async refetch({ metadata }: Pick<Client, 'metadata'>): Promise<boolean> {
    const { jwks_uri: address } = metadata;
    if (address === undefined) return false;
    const before = this.#known.get(address)?.keys;
    await this.#fetch(address);
    return this.#known.get(address)?.keys !== before;
  }

  #age(moment: number): number {
    const age = this.#parts.clock().getTime() - moment;
    return age >= 0 ? age : Number.POSITIVE_INFINITY;
  }

  /** Concurrent callers share one fetch; never throws. */
  #fetch(address: string): Promise<void> {
    const underWay = this.#underWay.get(address);
    if (underWay !== undefined) return underWay;
    const known = this.#known.get(address);
    if (known !== undefined && this.#age(known.triedAt) < BETWEEN_FETCHES) return Promise.resolve();
    const fetching = this.#fetchOnce(address, known).finally(() => {
      this.#underWay.delete(address);
    });
    this.#underWay.set(address, fetching);
    return fetching;
  }

  async #fetchOnce(address: string, known: Known | undefined): Promise<void> {
    const now = this.#parts.clock().getTime();
    try {
      const keys = publishedKeys(await this.#get(new URL(address)));
      this.#known.set(address, { keys, fetchedAt: now, triedAt: now });
    } catch (error) {
      const { reason, detail } = error instanceof Refusal ? error : { reason: 'unexpected' };
      this.#parts.log.warn({ reason, detail, jwksUri: address }, 'jwks_uri could not be read');
      this.#known.set(address, {
        keys: known?.keys,
        fetchedAt: known?.fetchedAt ?? 0,
        triedAt: now,
      });
    }
  }

  async #get(url: URL): Promise<Record<string, unknown>> {
    const isOpen = this.#parts.issuer.startsWith('http:');
    if (url.protocol !== 'https:' && !isOpen) {
      throw new Refusal('client_keys_unavailable', 'jwks_uri is plain http');
    }
    const accept = ['application/jwk-set+json', 'application/json'];
    const response = await this.#parts.exchange({
      ...{ method: 'GET', url, accept },
      redirects: 'same-origin',
    });
    if (response.status !== 200) {
      throw new Refusal('client_keys_unavailable', `status ${response.status}`);
    }
    return jsonObject(response, accept);
  }
}

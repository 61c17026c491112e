import { Refusal } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Exchange } from './exchange.ts';
import { jsonObject } from './json.ts';
import { parseJwks } from './jwks.ts';
import type { Jwk } from './jwks.ts';
import { parseMetadata } from './metadata.ts';
import type { UpstreamMetadata } from './metadata.ts';
import { discoveryUrl } from './reach.ts';
import type { UpstreamAddress } from './reach.ts';

/** All in milliseconds. */
export interface ProviderIntervals {
  /** Between background refreshes while they succeed, give or take a tenth. */
  readonly refresh: number;
  /** After the first failure; doubled with each, up to `longestRetry`. */
  readonly retry: number;
  readonly longestRetry: number;
  /** Between refetches of the keys for an unknown `kid`. */
  readonly refetch: number;
  /** For which contact may fail before `ready` turns false. */
  readonly grace: number;
}

const INTERVALS: ProviderIntervals = {
  refresh: 60_000,
  retry: 1_000,
  longestRetry: 30_000,
  refetch: 10_000,
  grace: 15_000,
};

export interface UpstreamProviderOptions extends UpstreamAddress {
  readonly exchange: Exchange;
  readonly clock: () => Date;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly intervals?: Partial<ProviderIntervals>;
}

/**
 * The upstream as it describes itself: discovery document and keys, read at the
 * start and refreshed in the background. The last good ones stay in use while
 * the upstream is away. Its timers do not keep the process alive.
 */
export class UpstreamProvider {
  readonly #options: UpstreamProviderOptions;
  readonly #intervals: ProviderIntervals;
  readonly #closing = new AbortController();
  #metadata: UpstreamMetadata | undefined;
  #keys: readonly Jwk[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #contact: Promise<void> | undefined;
  #refetch: Promise<boolean> | undefined;
  #refetched: { readonly at: Date; readonly succeeded: boolean } | undefined;
  #failingSince: Date | undefined;
  #lastFailure: string | undefined;
  #failures = 0;

  constructor(options: UpstreamProviderOptions) {
    this.#options = options;
    this.#intervals = { ...INTERVALS, ...options.intervals };
  }

  /** Begins to contact the upstream, and goes on until `close`. Never throws. */
  start(): void {
    void this.recheck();
  }

  /** Stops all contact, and waits for what is under way to end. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await Promise.all([this.#contact, this.#refetch]);
  }

  /** Whether {@link metadata} has been read. */
  get known(): boolean {
    return this.#metadata !== undefined;
  }

  /**
   * The upstream's metadata.
   *
   * @throws Refusal `upstream_unavailable` until it is known for the first time.
   */
  metadata(): UpstreamMetadata {
    if (this.#metadata === undefined) throw this.#unknown('discovery document');
    return this.#metadata;
  }

  /**
   * The upstream's public signing keys.
   *
   * @throws Refusal `upstream_unavailable` until they are known for the first time.
   */
  keys(): readonly Jwk[] {
    if (this.#keys === undefined) throw this.#unknown('keys');
    return this.#keys;
  }

  /**
   * Whether logins can be expected to work: document and keys are known, and
   * contact either works or has not been failing for longer than the grace time.
   */
  get ready(): boolean {
    if (this.#metadata === undefined || this.#keys === undefined) return false;
    return (
      this.#failingSince === undefined || this.#since(this.#failingSince) < this.#intervals.grace
    );
  }

  /**
   * Fetches the keys once more because a `kid` was not among them. Rate limited,
   * so that tokens with invented key ids cause no load; concurrent callers share
   * one fetch. True when the keys in place are that fresh: look again.
   */
  refetchKeys(): Promise<boolean> {
    if (this.#refetch !== undefined) return this.#refetch;
    const last = this.#refetched;
    if (last !== undefined && this.#since(last.at) < this.#intervals.refetch) {
      return Promise.resolve(last.succeeded);
    }
    this.#refetch = this.#refetchOnce().finally(() => {
      this.#refetch = undefined;
    });
    return this.#refetch;
  }

  /**
   * Contacts the upstream now, without waiting for the next refresh; for whoever
   * met it failing. Resolves when that is done, whatever came of it; concurrent
   * callers share one contact.
   */
  recheck(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    this.#contact ??= this.#refresh().finally(() => {
      this.#contact = undefined;
    });
    return this.#contact;
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const metadata = await this.#fetchMetadata();
      this.#keys = await this.#fetchKeys(metadata);
      this.#metadata = metadata;
      this.#succeeded();
    } catch (error) {
      this.#failed(error);
    }
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => void this.recheck(), this.#delay());
    this.#timer.unref();
  }

  async #refetchOnce(): Promise<boolean> {
    const at = this.#options.clock();
    let succeeded = false;
    try {
      this.#keys = await this.#fetchKeys(this.metadata());
      succeeded = true;
    } catch (error) {
      this.#options.log.warn(described(error), 'upstream keys could not be refetched');
    }
    this.#refetched = { at, succeeded };
    return succeeded;
  }

  async #fetchMetadata(): Promise<UpstreamMetadata> {
    const document = await this.#get(discoveryUrl(this.#options), ['application/json']);
    return parseMetadata(document, this.#options);
  }

  async #fetchKeys(metadata: UpstreamMetadata): Promise<readonly Jwk[]> {
    const types = ['application/jwk-set+json', 'application/json'];
    return parseJwks(await this.#get(metadata.reached.jwks_uri, types));
  }

  async #get(url: URL, accept: readonly string[]): Promise<Record<string, unknown>> {
    const response = await this.#options.exchange({
      method: 'GET',
      url,
      accept,
      redirects: 'same-origin',
      signal: this.#closing.signal,
    });
    if (response.status !== 200) throw new Refusal('upstream_status', `status ${response.status}`);
    return jsonObject(response, accept);
  }

  #succeeded(): void {
    const recovered = this.#failures > 0;
    this.#failures = 0;
    this.#failingSince = undefined;
    this.#lastFailure = undefined;
    if (recovered) this.#options.log.info('upstream reached again');
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#failures += 1;
    this.#failingSince ??= this.#options.clock();
    this.#lastFailure = error instanceof Refusal ? error.reason : 'unexpected';
    this.#options.log.warn(
      { ...described(error), failures: this.#failures },
      'upstream metadata could not be read',
    );
  }

  /** Jittered, so that replicas that lost the upstream together do not come back in step. */
  #delay(): number {
    const { refresh, retry, longestRetry } = this.#intervals;
    if (this.#failures === 0) return refresh * (0.9 + 0.2 * Math.random());
    const backoff = Math.min(longestRetry, retry * 2 ** Math.min(this.#failures - 1, 30));
    return backoff * (0.75 + 0.25 * Math.random());
  }

  /** Milliseconds since a moment; a clock that was set back counts as a long time. */
  #since(moment: Date): number {
    const passed = this.#options.clock().getTime() - moment.getTime();
    return passed < 0 ? Number.POSITIVE_INFINITY : passed;
  }

  #unknown(what: string): Refusal {
    return new Refusal(
      'upstream_unavailable',
      `${what} not known yet (${this.#lastFailure ?? 'not read yet'})`,
    );
  }
}

function described(error: unknown): object {
  if (error instanceof Refusal) return { reason: error.reason, detail: error.detail };
  return { reason: 'unexpected', error };
}

import { Refusal } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import type { Seals } from './seals.ts';

/** RFC 9126 2.2. */
const URN = 'urn:ietf:params:oauth:request_uri:';

/** Seconds for which a pushed request waits for its browser. */
const LIFETIME = 90;

/** Removes what is behind a reference; false: another request was first. */
export type TakeReference = (reference: string, now: Date) => Promise<boolean>;

/** Authorization requests that clients pushed (RFC 9126), sealed behind random references. */
export class PushedRequests {
  readonly #seals: Seals;
  readonly #take: TakeReference;

  constructor(seals: Seals, take: TakeReference) {
    this.#seals = seals;
    this.#take = take;
  }

  /**
   * Keeps a validated request.
   *
   * @throws Refusal `database_unavailable`
   */
  async keep(
    client: Client,
    parameters: URLSearchParams,
    now: Date,
  ): Promise<{ readonly requestUri: string; readonly expiresIn: number }> {
    const expiresAt = new Date(now.getTime() + LIFETIME * 1000);
    const contents = { c: client.clientId, p: parameters.toString() };
    const reference = await this.#seals.keep('pushed_request', contents, { now, expiresAt });
    return { requestUri: URN + reference, expiresIn: LIFETIME };
  }

  /**
   * The request behind a `request_uri`, once, for the client that pushed it. Another client's
   * attempt leaves it as it is.
   *
   * @throws Refusal `request_uri_unsupported` for an address, `request_uri_invalid`,
   *   `database_unavailable`
   */
  async take(client: Client, requestUri: string, now: Date): Promise<URLSearchParams> {
    const reference = requestUri.startsWith(URN) ? requestUri.slice(URN.length) : undefined;
    if (reference === undefined) throw new Refusal('request_uri_unsupported');
    if (!/^[\w-]{43}$/.test(reference)) throw new Refusal('request_uri_invalid', 'not ours');
    const opened = await this.#seals.unseal('pushed_request', reference, now);
    if (!opened.ok) throw new Refusal('request_uri_invalid', 'unknown, used or expired');
    const { c, p } = opened.value.contents;
    if (c !== client.clientId) throw new Refusal('request_uri_invalid', 'of another client');
    if (!(await this.#take(reference, now))) throw new Refusal('request_uri_invalid', 'used');
    return new URLSearchParams(String(p));
  }
}

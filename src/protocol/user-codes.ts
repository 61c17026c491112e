import { randomInt } from 'node:crypto';
import { Refusal } from '../errors.ts';
import type { Sealer } from '../tokens/seal.ts';

/** What a user code stands for: which client, and where the upstream wants to see which code. */
export interface DeviceLogin {
  readonly clientId: string;
  readonly upstreamUserCode: string;
  /** The upstream's page, with its code in it where the upstream says how. */
  readonly page: URL;
  /** Whether the code stands in the page's address already. */
  readonly complete: boolean;
}

/** Where user codes are kept, for every replica. */
export interface UserCodeStore {
  /** False: the name is taken. */
  put(name: string, sealed: string, expiresAt: Date): Promise<boolean>;
  read(name: string, now: Date): Promise<string | undefined>;
}

/** RFC 8628 6.1: letters that spell nothing and are not taken for one another. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
const ATTEMPTS = 5;

/**
 * The codes that users type in (RFC 8628 6.1): our own, so that a vendor holds
 * nothing that the upstream gave out. Guessing is for the page to slow down.
 */
export class UserCodes {
  readonly #store: UserCodeStore;
  readonly #sealer: Sealer;

  constructor(store: UserCodeStore, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
  }

  /** A new code, in the spelling that people read. */
  async issue(login: DeviceLogin, times: { now: Date; expiresAt: Date }): Promise<string> {
    const { clientId, upstreamUserCode, page, complete } = login;
    const contents = { c: clientId, u: upstreamUserCode, p: page.href, f: complete };
    const sealed = await this.#sealer.seal('user_code', contents, times);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const letters = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]);
      const code = letters.join('');
      if (await this.#store.put(code, sealed, times.expiresAt)) return readable(code);
    }
    throw new Refusal('unexpected', 'no free user code');
  }

  /** What a code stands for, however it was typed; undefined: nothing, or no longer. */
  async find(typed: string, now: Date): Promise<DeviceLogin | undefined> {
    const code = typed.toUpperCase().replaceAll(/[^A-Z]/g, '');
    if (code.length !== LENGTH || typed.length > 4 * LENGTH) return undefined;
    const sealed = await this.#store.read(code, now);
    if (sealed === undefined) return undefined;
    const opened = await this.#sealer.unseal('user_code', sealed, now);
    if (!opened.ok) return undefined;
    const { contents } = opened.value;
    return {
      clientId: String(contents['c']),
      upstreamUserCode: String(contents['u']),
      page: new URL(String(contents['p'])),
      complete: contents['f'] === true,
    };
  }
}

function readable(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

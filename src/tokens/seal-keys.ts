import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a seal is for; a seal of one purpose does not open for another. */
export type Purpose =
  | 'transaction'
  | 'pushed_request'
  | 'logout'
  | 'pending_code'
  | 'notice'
  | 'account_login'
  | 'account_session'
  | 'code'
  | 'access_token'
  | 'refresh_token'
  | 'device_code'
  | 'user_code'
  | 'auth_req_id';

const PURPOSE_LETTERS: Readonly<Record<Purpose, string>> = {
  transaction: 't',
  pushed_request: 'q',
  logout: 'l',
  pending_code: 'p',
  notice: 'n',
  account_login: 'g',
  account_session: 's',
  code: 'c',
  access_token: 'a',
  refresh_token: 'r',
  device_code: 'd',
  user_code: 'u',
  auth_req_id: 'b',
};

const VERSION = '1';
const MILLISECONDS_A_DAY = 86_400_000;
/** Days and purposes in use at once; far below a kilobyte each. */
const CACHED_KEYS = 128;

/** The number of the UTC day of an instant, counted from 1970-01-01. */
export function dayOf(instant: Date): number {
  return Math.floor(instant.getTime() / MILLISECONDS_A_DAY);
}

/** The key id of a purpose and day: format version, purpose, day. */
export function keyId(purpose: Purpose, day: number): string {
  return `${VERSION}.${PURPOSE_LETTERS[purpose]}.${day}`;
}

/**
 * The keys of one root: HKDF-SHA256 (RFC 5869) of the key id. One key serves
 * one purpose for one UTC day, so that random 96-bit IVs stay far below the
 * 2^32 uses that AES-GCM allows a key (NIST SP 800-38D section 8.3).
 */
export class SealKeys {
  readonly #root: Uint8Array;
  readonly #cached = new LRUCache<string, KeyObject>({ max: CACHED_KEYS });

  /** @throws RangeError for a root below 32 bytes. */
  constructor(root: Uint8Array) {
    if (root.length < 32) throw new RangeError('The root of the seals must have 32 bytes or more.');
    this.#root = root;
  }

  /** The key for a purpose and day. */
  derive(purpose: Purpose, day: number): KeyObject {
    const id = keyId(purpose, day);
    const cached = this.#cached.get(id);
    if (cached !== undefined) return cached;
    const raw = hkdfSync('sha256', this.#root, '', `pairwise-proxy seal ${id}`, 32);
    return createSecretKey(new Uint8Array(raw));
  }

  /**
   * Keeps a key for next time. Called only after it has proved to be in use: a
   * sender of made-up days must not push the working keys out.
   */
  keep(purpose: Purpose, day: number, key: KeyObject): void {
    this.#cached.set(keyId(purpose, day), key);
  }
}

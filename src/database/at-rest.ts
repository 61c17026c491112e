import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { keyedHash, lengthPrefixed } from '../keyed-hash.ts';
import { bytes } from './bytes.ts';

/** Where a sealed value lives; it opens nowhere else. */
export interface Place {
  readonly table: string;
  readonly column: string;
  /** The row's key as text. */
  readonly row: string;
}

/** A value that does not open: another key, another place, or changed bytes. */
export class AtRestError extends Error {
  override readonly name = 'AtRestError';
}

const VERSION = 1;
const IV = 12;
const IVS_AT_ONCE = 256;
const TAG = 16;
const LENGTH = 4;
const OVERHEAD = 1 + IV + TAG + LENGTH;

/**
 * Sizes in bytes of what is stored, so that its length says next to nothing of
 * what is inside: the smallest takes every local subject (255 bytes at most).
 */
const SIZES = [320, 1024, 4096, 16_384] as const;
const [SMALLEST] = SIZES;
const LARGEST = 16_384;

/**
 * Encryption of single column values: AES-256-GCM, padded to fixed sizes and
 * bound to table, column and row, so that a value that was moved to another
 * row does not open there. Stored as version (1 byte), IV, ciphertext, tag.
 */
export class AtRest {
  readonly #root: Uint8Array;
  readonly #keys = new Map<string, KeyObject>();
  readonly #scratch = Buffer.alloc(SMALLEST);
  #ivs: Uint8Array = new Uint8Array(0);

  /** `storageRoot`: 32 random bytes, `storage` of the keyring. */
  constructor(storageRoot: Uint8Array) {
    if (storageRoot.byteLength < 32) throw new TypeError('The storage root must have 32 bytes.');
    this.#root = storageRoot;
  }

  seal(place: Place, plaintext: Uint8Array): Buffer {
    const iv = this.#unusedIv();
    const size = sizeFor(plaintext.byteLength);
    const padded = this.#padded(plaintext, size - OVERHEAD + LENGTH);
    const cipher = createCipheriv('aes-256-gcm', this.#key(place), iv).setAAD(associated(place));
    // From a shared pool; every byte of it is written.
    const sealed = Buffer.allocUnsafe(size);
    sealed[0] = VERSION;
    sealed.set(iv, 1);
    sealed.set(cipher.update(padded), 1 + IV);
    padded.fill(0);
    // A stream mode holds nothing back; this computes the tag.
    cipher.final();
    sealed.set(cipher.getAuthTag(), size - TAG);
    return sealed;
  }

  /** Throws {@link AtRestError} when the value was not sealed for this place under this key. */
  open(place: Place, sealed: Uint8Array): Buffer {
    if (sealed.byteLength < OVERHEAD || sealed[0] !== VERSION) throw unopened(place);
    const iv = sealed.subarray(1, 1 + IV);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(place), iv, { authTagLength: TAG })
      .setAAD(associated(place))
      .setAuthTag(sealed.subarray(-TAG));
    try {
      const padded = Buffer.concat([
        decipher.update(sealed.subarray(1 + IV, -TAG)),
        decipher.final(),
      ]);
      return padded.subarray(LENGTH, LENGTH + padded.readUInt32BE());
    } catch (error) {
      throw unopened(place, { cause: error });
    }
  }

  /**
   * A keyed hash of 32 bytes, for a column that is searched for a value which the
   * database must not show, nor tell from the same value in another column.
   */
  blind(column: Pick<Place, 'table' | 'column'>, value: Uint8Array): Buffer {
    return keyedHash(this.#key(column), 'blind', value);
  }

  /** A plaintext behind its length, in zeros; most are small, and share one place in memory. */
  #padded(plaintext: Uint8Array, size: number): Buffer {
    const padded = size <= SMALLEST ? this.#scratch.subarray(0, size) : Buffer.alloc(size);
    padded.writeUInt32BE(plaintext.byteLength);
    padded.set(plaintext, LENGTH);
    return padded;
  }

  /** Each is handed out once; made many at once, since the call costs more than the bytes. */
  #unusedIv(): Uint8Array {
    if (this.#ivs.byteLength === 0) this.#ivs = randomBytes(IV * IVS_AT_ONCE);
    const iv = this.#ivs.subarray(0, IV);
    this.#ivs = this.#ivs.subarray(IV);
    return iv;
  }

  /** A key for each column keeps random IVs far below their limit (NIST SP 800-38D 8.3). */
  #key({ table, column }: Pick<Place, 'table' | 'column'>): KeyObject {
    const name = `${table}.${column}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const info = lengthPrefixed(bytes('pairwise-proxy at rest'), bytes(table), bytes(column));
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', this.#root, '', info, 32)));
    this.#keys.set(name, key);
    return key;
  }
}

function associated({ table, column, row }: Place): Buffer {
  return lengthPrefixed(Buffer.of(VERSION), bytes(table), bytes(column), bytes(row));
}

function sizeFor(length: number): number {
  const needed = length + OVERHEAD;
  return SIZES.find((size) => size >= needed) ?? Math.ceil(needed / LARGEST) * LARGEST;
}

function unopened({ table, column }: Place, options?: ErrorOptions): AtRestError {
  return new AtRestError(
    `A value of ${table}.${column} does not open: it was sealed under another key or for another row, or was changed.`,
    options,
  );
}

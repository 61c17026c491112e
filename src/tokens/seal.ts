import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { failure, success, type Failure, type Result } from '../result.ts';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { packContents, unpackContents, type SealContents } from './seal-contents.ts';
import { dayOf, keyId, SealKeys, type Purpose } from './seal-keys.ts';

export { Concealed } from './seal-contents.ts';
export type { SealContents, SealValue } from './seal-contents.ts';
export type { Purpose } from './seal-keys.ts';

const ALGORITHM = 'dir';
const ENCRYPTION = 'A256GCM';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** How far the clocks of two replicas may differ around midnight UTC. */
const CLOCK_LEEWAY_MILLISECONDS = 300_000;
const DEFAULT_MAX_LENGTH = 32_768;

/**
 * Seals values for the proxy's own later eyes: JWE in compact form (RFC 7516),
 * `dir` with A256GCM, so that any JOSE library with the key can open it. The
 * protected header is authenticated and binds format version, purpose and day;
 * the expiry lies inside. The plaintext is padded, never compressed.
 */
export class Sealer {
  readonly #keys: SealKeys;
  readonly #maxLength: number;

  /**
   * @param root 32 bytes or more; another root opens nothing.
   * @param limits `maxLength`: the longest seal, in characters (32768).
   */
  constructor(root: Uint8Array, limits: { readonly maxLength?: number } = {}) {
    this.#keys = new SealKeys(root);
    this.#maxLength = limits.maxLength ?? DEFAULT_MAX_LENGTH;
  }

  /**
   * Seals contents until `expiresAt` (exclusive).
   *
   * @throws RangeError when the seal would be longer than the limit, so that
   *   none is given out that would not open; TypeError for a value that cannot be sealed.
   */
  async seal(
    purpose: Purpose,
    contents: SealContents,
    times: { readonly now: Date; readonly expiresAt: Date },
  ): Promise<string> {
    const plaintext = packContents(contents, times.expiresAt);
    const day = dayOf(times.now);
    const key = this.#keys.derive(purpose, day);
    const token = encrypted(encodedHeader(purpose, day), plaintext, key);
    if (token.length > this.#maxLength) {
      throw new RangeError(`A seal of ${token.length} characters exceeds ${this.#maxLength}.`);
    }
    this.#keys.keep(purpose, day, key);
    return token;
  }

  /**
   * Opens a seal. `seal_malformed`: truncated, tampered with, of another
   * purpose, another root, a day to come, or not spelled as we spell;
   * `seal_expired`: genuine, but its time is over.
   */
  async unseal(
    purpose: Purpose,
    token: string,
    now: Date,
  ): Promise<Result<{ contents: SealContents; expiresAt: Date }>> {
    if (token.length > this.#maxLength) return malformed('too long');
    const parts = partsOf(token);
    const day = parts && sealingDay(purpose, parts);
    if (parts === undefined || day === undefined) return malformed('not a seal of this purpose');
    if (day > dayOf(new Date(now.getTime() + CLOCK_LEEWAY_MILLISECONDS))) {
      return malformed('sealed on a day to come');
    }
    const key = this.#keys.derive(purpose, day);
    const plaintext = decrypted(parts, key);
    if (plaintext === undefined) return malformed('tampered with, or sealed under another root');
    this.#keys.keep(purpose, day, key);
    const unpacked = unpackContents(plaintext);
    if (unpacked === undefined) return malformed('opened, but its contents are not ours');
    if (now.getTime() >= unpacked.expiresAt.getTime()) return failure('seal_expired');
    return success(unpacked);
  }
}

function malformed(detail: string): Failure {
  return failure('seal_malformed', detail);
}

/** What a seal consists of; every segment is spelled canonically. */
interface Parts {
  readonly header: string;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

function partsOf(token: string): Parts | undefined {
  const [header, none, ...rest] = token.split('.');
  const [iv, ciphertext, tag] = rest.map(decodeBase64url);
  if (header === undefined || none !== '' || rest.length !== 3) return undefined;
  if (iv?.length !== IV_BYTES || ciphertext === undefined || tag?.length !== TAG_BYTES) {
    return undefined;
  }
  return { header, iv, ciphertext, tag };
}

/**
 * The day a seal names, if its header is to the letter the one we write: no `zip`, no other
 * member, no other order.
 */
function sealingDay(purpose: Purpose, { header }: Parts): number | undefined {
  const text = decodeBase64url(header)?.toString('latin1') ?? '';
  const day = /\.(\d{1,6})"\}$/.exec(text)?.[1];
  if (day === undefined) return undefined;
  return header === encodedHeader(purpose, Number(day)) ? Number(day) : undefined;
}

function encodedHeader(purpose: Purpose, day: number): string {
  const header = { alg: ALGORITHM, enc: ENCRYPTION, kid: keyId(purpose, day) };
  return encodeBase64url(Buffer.from(JSON.stringify(header)));
}

/** RFC 7516 5.1 for a key that is used directly: the encrypted key is empty, the header authenticated. */
function encrypted(header: string, plaintext: Uint8Array, key: KeyObject): string {
  const iv = randomFillSync(Buffer.allocUnsafe(IV_BYTES));
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(header, 'latin1'));
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  const segments = [iv, ciphertext, cipher.getAuthTag()].map(encodeBase64url);
  return `${header}..${segments.join('.')}`;
}

/** RFC 7516 5.2; undefined where the tag is not that of this key, header and ciphertext. */
function decrypted({ header, iv, ciphertext, tag }: Parts, key: KeyObject): Buffer | undefined {
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(header, 'latin1'));
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

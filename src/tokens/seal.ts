import { CompactEncrypt, compactDecrypt, errors, type CryptoKey } from 'jose';
import { failure, success, type Failure, type Result } from '../result.ts';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { packContents, unpackContents, type SealContents } from './seal-contents.ts';
import { dayOf, keyId, SealKeys, type Purpose } from './seal-keys.ts';

export { Concealed } from './seal-contents.ts';
export type { SealContents, SealValue } from './seal-contents.ts';
export type { Purpose } from './seal-keys.ts';

const ALGORITHM = 'dir';
const ENCRYPTION = 'A256GCM';
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
    const key = await this.#keys.derive(purpose, day);
    const token = await new CompactEncrypt(plaintext)
      .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION, kid: keyId(purpose, day) })
      .encrypt(key);
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
    const day = sealingDay(purpose, token);
    if (day === undefined) return malformed('not a seal of this purpose');
    if (day > dayOf(new Date(now.getTime() + CLOCK_LEEWAY_MILLISECONDS))) {
      return malformed('sealed on a day to come');
    }
    const key = await this.#keys.derive(purpose, day);
    const plaintext = await decrypt(token, key);
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

/**
 * The day a seal names, if every segment is spelled canonically and the header
 * is to the letter the one we write: no `zip`, no other member, no other order.
 */
function sealingDay(purpose: Purpose, token: string): number | undefined {
  const segments = token.split('.');
  if (segments.length !== 5 || segments[1] !== '') return undefined;
  const [header, , iv, ciphertext, tag] = segments.map(decodeBase64url);
  if (header === undefined || iv === undefined || ciphertext === undefined || tag === undefined) {
    return undefined;
  }
  const day = /\.(\d{1,6})"\}$/.exec(header.toString('latin1'))?.[1];
  if (day === undefined) return undefined;
  return segments[0] === encodedHeader(purpose, Number(day)) ? Number(day) : undefined;
}

function encodedHeader(purpose: Purpose, day: number): string {
  const header = { alg: ALGORITHM, enc: ENCRYPTION, kid: keyId(purpose, day) };
  return encodeBase64url(Buffer.from(JSON.stringify(header)));
}

async function decrypt(token: string, key: CryptoKey): Promise<Uint8Array | undefined> {
  try {
    const { plaintext } = await compactDecrypt(token, key, {
      keyManagementAlgorithms: [ALGORITHM],
      contentEncryptionAlgorithms: [ENCRYPTION],
    });
    return plaintext;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

import { createHash, randomBytes } from 'node:crypto';
import type { PseudonymAlgorithm } from '../config/types.ts';
import { keyedHash } from '../keyed-hash.ts';

/** What a first-generation pseudonym is made of. */
export interface DerivationInput {
  readonly sector: string;
  /** The upstream's `sub`, to the letter. */
  readonly localSubject: string;
  /** The salt's bytes; with `oidc-sha256` the UTF-8 bytes of the text that was configured. */
  readonly salt: Uint8Array;
}

const PSEUDONYM_BYTES = 32;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * A first-generation pseudonym. Deterministic but for `random`. Without a sector it would be one
 * for everybody, and without a salt anybody could compute it: both are thrown as an `Error`.
 */
export function derivePseudonym(algorithm: PseudonymAlgorithm, input: DerivationInput): string {
  if (input.sector === '')
    throw new Error('Sector identifier is required for pairwise subject type');
  if (input.salt.length === 0) throw new Error('Salt is required for pairwise subject type');
  switch (algorithm) {
    case 'hmac-sha256':
      return hmacPseudonym(input);
    case 'oidc-sha256':
      return oidcPseudonym(input);
    case 'random':
      return randomPseudonym();
  }
}

/** 256 random bits in lower-case base32: every generation after the first. */
export function randomPseudonym(): string {
  return base32(randomBytes(PSEUDONYM_BYTES));
}

function hmacPseudonym({ sector, localSubject, salt }: DerivationInput): string {
  return base32(keyedHash(salt, sector, localSubject));
}

// OpenID Connect Core 8.1, first example; ambiguous, but what other systems have given out.
function oidcPseudonym({ sector, localSubject, salt }: DerivationInput): string {
  const hash = createHash('sha256');
  hash.update(sector, 'utf8').update(localSubject, 'utf8').update(salt);
  return hash.digest('base64url');
}

/** RFC 4648 section 6, in lower case and without padding; of bytes that are no multiple of five. */
function base32(value: Uint8Array): string {
  const encoded = Buffer.alloc(Math.ceil((value.length * 8) / 5));
  let end = 0;
  let pending = 0;
  let bits = 0;
  for (const byte of value) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      end = encoded.writeUInt8(BASE32.charCodeAt((pending >>> bits) & 31), end);
    }
    pending &= (1 << bits) - 1;
  }
  encoded.writeUInt8(BASE32.charCodeAt((pending << (5 - bits)) & 31), end);
  return encoded.toString('latin1');
}

/** The salt version of pseudonyms that are derived from none. */
export const NO_SALT = 0;

/** Every generation after the first is random, in every algorithm. */
export function anotherPseudonym() {
  return { algorithm: 'random', saltVersion: NO_SALT, sub: randomPseudonym() } as const;
}

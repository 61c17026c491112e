import { KeyObject, verify } from 'node:crypto';
import { compactVerify, type CryptoKey } from 'jose';
import { jwsParts } from './base64url.ts';
import type { JwsParts } from './base64url.ts';
import { ecdsaToDer } from './ecdsa-signature.ts';
import { jsonObject } from './json-object.ts';

/**
 * What nearly every provider signs with, and what takes less time than a thread to give it to;
 * with the one kind of key of each (RFC 7518 3.3, 3.4), in the names of WebCrypto.
 */
const AT_HAND: Readonly<Record<string, string>> = { RS256: 'RSASSA-PKCS1-v1_5', ES256: 'ECDSA' };
/** With a longer key, which a client may have registered, verifying would keep others waiting. */
const LONGEST_RSA_BITS = 4096;
/** Bytes of each number of a signature with P-256. */
const P256_BYTES = 32;

/** The payload of a compact JWS whose signature holds under one of the keys; undefined: none does. */
export async function verifiedPayload(
  jws: string,
  keys: readonly (CryptoKey | Uint8Array)[],
  algorithm: string,
): Promise<Uint8Array | undefined> {
  const parts = jwsParts(jws);
  if (parts === undefined) return undefined;
  for (const key of keys) {
    try {
      const holds = verifiedAtHand(jws, parts, key, algorithm);
      if (holds === true) return parts.payload;
      if (holds === false) continue;
      const { payload } = await compactVerify(jws, key, { algorithms: [algorithm] });
      return payload;
    } catch {
      // Whatever keeps a signature from holding, it does not hold.
    }
  }
  return undefined;
}

/** Whether the signature holds; undefined: that is left to the library. */
function verifiedAtHand(
  jws: string,
  { header, signature }: JwsParts,
  key: CryptoKey | Uint8Array,
  algorithm: string,
): boolean | undefined {
  if (key instanceof Uint8Array || key.algorithm.name !== AT_HAND[algorithm]) return undefined;
  const { modulusLength = 0, namedCurve = 'P-256' } = key.algorithm as Kind;
  if (modulusLength > LONGEST_RSA_BITS || namedCurve !== 'P-256') return undefined;
  const said = jsonObject(header);
  // Whoever asks has looked at the header; what it must say for these keys is said here alike.
  if (said?.['alg'] !== algorithm || 'crit' in said) return false;
  const bytes = algorithm === 'ES256' ? ecdsaToDer(signature, P256_BYTES) : signature;
  if (bytes === undefined) return false;
  // What was signed (RFC 7515 5.1).
  const input = Buffer.from(jws.slice(0, jws.lastIndexOf('.')), 'latin1');
  return verify('sha256', input, keyObjectOf(key), bytes);
}

/** What a key says of itself, where it is of such a kind. */
interface Kind {
  readonly modulusLength?: number;
  readonly namedCurve?: string;
}

const keyObjects = new WeakMap<CryptoKey, KeyObject>();

function keyObjectOf(key: CryptoKey): KeyObject {
  const known = keyObjects.get(key) ?? KeyObject.from(key);
  keyObjects.set(key, known);
  return known;
}

import { createHmac, createSecretKey, KeyObject } from 'node:crypto';

/** Parts joined so that no two lists of parts give the same bytes: each behind its length. */
export function lengthPrefixed(...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += LENGTH + part.byteLength;
  // From a shared pool; every byte of it is written.
  const joined = Buffer.allocUnsafe(length);
  let end = 0;
  for (const part of parts) {
    joined.set(part, joined.writeUInt32BE(part.byteLength, end));
    end += LENGTH + part.byteLength;
  }
  return joined;
}

/** Bytes of a length. */
const LENGTH = 4;

/**
 * HMAC-SHA256 (RFC 2104) under a root over parts, each behind its length, so that no two
 * lists of parts run into the same bytes; 32 bytes.
 */
export function keyedHash(
  root: Uint8Array | KeyObject,
  ...parts: readonly (string | Uint8Array)[]
): Buffer {
  const message = lengthPrefixed(
    ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)),
  );
  // A digest that is a Buffer has memory of its own, which costs more than the hash.
  const digest = createHmac('sha256', root instanceof KeyObject ? root : keyOf(root))
    .update(message)
    .digest('binary');
  return Buffer.from(digest, 'latin1');
}

const ready = new WeakMap<Uint8Array, KeyObject>();

/** A root as a key that is ready for use; making it anew each time costs more than what it is for. */
function keyOf(root: Uint8Array): KeyObject {
  const known = ready.get(root);
  if (known !== undefined) return known;
  const key = createSecretKey(root);
  ready.set(root, key);
  return key;
}

/**
 * Identifiers live in binary columns, because a text column's collation would
 * take "Bob" for "bob" or "a" for "a " (PAD SPACE). These two turn them into
 * what a binary column holds and back.
 */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** The UTF-8 text of a binary column's value. */
export function text(value: Uint8Array): string {
  return asBuffer(value).toString('utf8');
}

/** The same memory as a Buffer: drivers bind and return nothing else. */
export function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

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

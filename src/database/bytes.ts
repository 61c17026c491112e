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

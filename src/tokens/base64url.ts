/** Bytes as base64url without padding (RFC 7515 section 2). */
export function encodeBase64url(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64url');
}

/**
 * The bytes of a base64url text; undefined unless the text is the one canonical
 * spelling (no padding, no other alphabet, no stray bits), so that a value
 * that was accepted once has no second spelling.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64url');
  return decoded.toString('base64url') === text ? decoded : undefined;
}

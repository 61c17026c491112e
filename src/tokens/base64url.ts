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

/**
 * Whether a JWS in compact form (RFC 7515 7.1) has the one canonical spelling. jose reads padded
 * and other ones as well, and what was taken once would come again as another text.
 */
export function isCanonicalJws(jws: string): boolean {
  const segments = jws.split('.');
  return segments.length === 3 && !segments.map(decodeBase64url).includes(undefined);
}

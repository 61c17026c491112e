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

/** What a JWS in compact form consists of (RFC 7515 7.1), decoded. */
export interface JwsParts {
  readonly header: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/**
 * The parts of a JWS in compact form; undefined unless it has the one canonical spelling. jose
 * reads padded and other ones as well, and what was taken once would come again as another text.
 */
export function jwsParts(jws: string): JwsParts | undefined {
  const segments = jws.split('.');
  const [header, payload, signature] = segments.map(decodeBase64url);
  if (segments.length !== 3 || !header || !payload || !signature) return undefined;
  return { header, payload, signature };
}

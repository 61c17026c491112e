import { read, unreadable } from './reading.ts';
import type { Reading } from './reading.ts';

/** A key's least length in bytes. */
export const KEY_BYTES = 32;

const KEY_HINT = `write ${KEY_BYTES} random bytes or more as base64url, for example from: openssl rand -base64 ${KEY_BYTES} | tr '+/' '-_' | tr -d '='`;

/**
 * A key of 32 bytes or more in base64url (RFC 4648 5), read strictly: no padding,
 * no white space, no stray bits at the end. A key that was cut short or mangled
 * on its way is noticed here, and not when nothing can be opened any more.
 */
export function keyBytes(text: string): Reading<Uint8Array> {
  if (/[+/]/.test(text)) {
    return unreadable('is base64, not base64url', 'write "-" for "+" and "_" for "/"');
  }
  if (/^[A-Za-z0-9_-]+=+$/.test(text)) {
    return unreadable('ends with padding', 'leave out the "=" at the end');
  }
  if (!/^[A-Za-z0-9_-]+$/.test(text)) {
    return unreadable('has characters that base64url does not have', KEY_HINT);
  }
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) {
    return unreadable('is not a whole base64url text; it may have been cut short', KEY_HINT);
  }
  if (bytes.length < KEY_BYTES) {
    return unreadable(`is weak: it has ${bytes.length} bytes`, KEY_HINT);
  }
  return read(new Uint8Array(bytes));
}

/** The salt of `oidc-sha256`: the UTF-8 bytes of the text as it is, whatever its length. */
export function saltText(text: string): Reading<Uint8Array> {
  return text.isWellFormed()
    ? read(new TextEncoder().encode(text))
    : unreadable('is not well-formed text', 'write the salt as UTF-8 text');
}

/** The value of a header (RFC 9110 5.5), in visible ASCII characters and single blanks. */
export function headerValue(text: string): Reading<string> {
  return /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text)
    ? read(text)
    : unreadable(
        'is not the value of a header',
        'write the whole header’s value, such as: Bearer abc123',
      );
}

/** A bearer token that fits into an `Authorization` header (RFC 6750 2.1, leniently). */
export function bearerText(text: string): Reading<string> {
  return /^[\x21-\x7e]+$/.test(text)
    ? read(text)
    : unreadable(
        'has spaces or characters beyond ASCII',
        'write visible ASCII characters only, for example from: openssl rand -hex 32',
      );
}

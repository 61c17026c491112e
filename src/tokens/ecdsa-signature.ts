/**
 * The two ways to write an ECDSA signature: JOSE's, which is r and s in full length one after the
 * other (RFC 7518 3.4), and DER, which is how node:crypto is fastest: told to write JOSE's, it takes
 * longer to look at the key than to sign.
 */

const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** The longest length that stands in one byte; enough for P-256. */
const SHORT_FORM = 0x7f;

/**
 * A DER signature of our own in JOSE's form.
 *
 * @param size bytes of r and of s: 32 for P-256
 */
export function ecdsaFromDer(der: Uint8Array, size: number): Buffer {
  const signature = Buffer.alloc(2 * size);
  // Tag and length of the sequence, then of r.
  let at = 2;
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0;
    const integer = der.subarray(at + 2, at + 2 + length);
    // A leading zero keeps DER's integer positive.
    const bytes = integer.subarray(Math.max(0, integer.length - size));
    signature.set(bytes, end - bytes.length);
    at += 2 + length;
  }
  return signature;
}

/** A signature in JOSE's form as DER; undefined where it does not have the length of the curve. */
export function ecdsaToDer(signature: Uint8Array, size: number): Buffer | undefined {
  if (signature.length !== 2 * size) return undefined;
  const integers = [integer(signature.subarray(0, size)), integer(signature.subarray(size))];
  const length = integers.reduce((sum, { length }) => sum + length, 0);
  if (length > SHORT_FORM) return undefined;
  return Buffer.concat([Buffer.from([SEQUENCE, length]), ...integers]);
}

function integer(bytes: Uint8Array): Buffer {
  let first = 0;
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1;
  const digits = bytes.subarray(first);
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.from([INTEGER, digits.length + sign.length, ...sign, ...digits]);
}

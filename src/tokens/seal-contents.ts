import { decodeFirst, encode, Tagged } from 'cborg';
import { decodeBase64url, encodeBase64url } from './base64url.ts';

/** What can be sealed. Numbers are finite; strings are well-formed Unicode. */
export type SealValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly SealValue[]
  | { readonly [name: string]: SealValue };

/** The named values of one seal. */
export type SealContents = Record<string, SealValue>;

/** CBOR tag of a compact JWT, JWS or JWE kept as the bytes of its segments. */
const COMPACT_TAG = 19_031;
const SMALLEST_BUCKET = 256;

/**
 * The padded size, in bytes, of a packed value: 256, 384, 512, 768, 1024, 1536
 * and so on (powers of two and the halfway points between them). At most half
 * of the value is padding, and a length tells only its bucket.
 */
export function bucketFor(length: number): number {
  let size = SMALLEST_BUCKET;
  while (size < length) size = Number.isInteger(Math.log2(size)) ? size * 1.5 : (size / 3) * 4;
  return size;
}

/**
 * Contents and expiry as deterministic CBOR (RFC 8949), padded with zeros to a
 * bucket. Compact tokens become bytes, which saves the quarter that base64url
 * costs. Nothing is compressed: vendor-chosen text stands beside secrets here,
 * and a compressed length would tell whether they resemble each other.
 *
 * @throws TypeError for a value that would not come back as it is.
 */
export function packContents(contents: SealContents, expiresAt: Date): Uint8Array {
  const expires = expiresAt.getTime();
  if (!Number.isSafeInteger(expires)) throw new TypeError('The expiry of a seal must be a date.');
  const packed = encode([expires, pack(contents)]);
  const padded = new Uint8Array(bucketFor(packed.length));
  padded.set(packed);
  return padded;
}

/** What {@link packContents} packed; undefined for anything else. */
export function unpackContents(
  padded: Uint8Array,
): { contents: SealContents; expiresAt: Date } | undefined {
  let decoded: [unknown, Uint8Array];
  try {
    decoded = decodeFirst(padded, {
      strict: true,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      tags: Tagged.preserve(COMPACT_TAG),
    });
  } catch {
    return undefined;
  }
  const [value, padding] = decoded;
  if (padding.some((byte) => byte !== 0)) return undefined;
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [expires, contents] = value as [unknown, unknown];
  if (typeof expires !== 'number' || !(contents instanceof Map)) return undefined;
  return { contents: unpackMap(contents), expiresAt: new Date(expires) };
}

function pack(value: SealValue): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return packString(value);
  if (typeof value === 'number') return packNumber(value);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item: SealValue) => pack(item));
  if (isPlainObject(value)) {
    return new Map(Object.entries(value).map(([name, item]) => [name, pack(item)]));
  }
  throw new TypeError(`A seal cannot hold a value of type ${typeof value}.`);
}

function packNumber(value: number): number {
  const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!exact) throw new TypeError('A number in a seal must be finite, an integer also safe.');
  return value;
}

function packString(value: string): string | Tagged {
  if (!value.isWellFormed()) throw new TypeError('A string in a seal must be valid Unicode.');
  const segments = value.split('.');
  if (segments.length !== 3 && segments.length !== 5) return value;
  const bytes = segments.map(decodeBase64url);
  return bytes.includes(undefined) ? value : new Tagged(COMPACT_TAG, bytes);
}

function isPlainObject(value: unknown): value is { readonly [name: string]: SealValue } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function unpack(value: unknown): SealValue {
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Map) return unpackMap(value);
  if (value instanceof Tagged) return (value.value as Uint8Array[]).map(encodeBase64url).join('.');
  if (Array.isArray(value)) return value.map(unpack);
  return value as string | number | boolean | null;
}

function unpackMap(map: ReadonlyMap<unknown, unknown>): SealContents {
  return Object.fromEntries([...map].map(([name, item]) => [String(name), unpack(item)]));
}

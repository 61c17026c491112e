import { decodeFirst, encode, Tagged } from 'cborg';
import { decodeBase64url, encodeBase64url } from './base64url.ts';

/** What can be sealed. Numbers are finite; strings are well-formed Unicode. */
export type SealValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | Concealed
  | readonly SealValue[]
  | { readonly [name: string]: SealValue };

/**
 * A text whose length is nobody's business, such as a token of the upstream beside
 * values that a vendor chooses: padded to a bucket of its own, so that whoever
 * lengthens the rest learns nothing more. It comes out of the seal as the text.
 */
export class Concealed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The named values of one seal. */
export type SealContents = Record<string, SealValue>;

/** CBOR tag of a compact JWT, JWS or JWE kept as the bytes of its segments. */
const COMPACT_TAG = 19_031;
/** CBOR tag of a padded value inside a seal. */
const CONCEALED_TAG = 19_032;
/** CBOR tag of a text that the decoder would take for one with a byte order mark, as bytes. */
const MARKED_TAG = 19_033;
const BYTE_ORDER_MARK = '\ufeff';
const SMALLEST_BUCKET = 256;
const SMALLEST_CONCEALED = 64;

const DECODING = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  tags: Tagged.preserve(COMPACT_TAG, CONCEALED_TAG, MARKED_TAG),
} as const;

/**
 * The padded size, in bytes, of a packed value: 256, 384, 512, 768, 1024, 1536
 * and so on (powers of two and the halfway points between them). At most half
 * of the value is padding, and a length tells only its bucket.
 */
export function bucketFor(length: number): number {
  return bucketFrom(SMALLEST_BUCKET, length);
}

function bucketFrom(smallest: number, length: number): number {
  let size = smallest;
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
  return padded(encode([expires, pack(contents)]), SMALLEST_BUCKET);
}

/** What {@link packContents} packed; undefined for anything else. */
export function unpackContents(
  bytes: Uint8Array,
): { contents: SealContents; expiresAt: Date } | undefined {
  try {
    const value = unpadded(bytes);
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [expires, contents] = value as [unknown, unknown];
    if (typeof expires !== 'number' || !(contents instanceof Map)) return undefined;
    return { contents: unpackMap(contents), expiresAt: new Date(expires) };
  } catch {
    return undefined;
  }
}

function padded(packed: Uint8Array, smallest: number): Uint8Array {
  const bytes = new Uint8Array(bucketFrom(smallest, packed.length));
  bytes.set(packed);
  return bytes;
}

function unpadded(bytes: Uint8Array): unknown {
  const [value, padding] = decodeFirst(bytes, DECODING) as [unknown, Uint8Array];
  if (padding.some((byte) => byte !== 0)) throw new TypeError('The padding is not empty.');
  return value;
}

function pack(value: SealValue): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return packString(value);
  if (typeof value === 'number') return packNumber(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof Concealed) {
    const bytes = padded(encode(packString(value.text)), SMALLEST_CONCEALED);
    return new Tagged(CONCEALED_TAG, bytes);
  }
  if (Array.isArray(value)) return value.map((item: SealValue) => pack(item));
  if (isPlainObject(value)) {
    return new Map(Object.entries(value).map(([name, item]) => [packName(name), pack(item)]));
  }
  throw new TypeError(`A seal cannot hold a value of type ${typeof value}.`);
}

function packName(name: string): string {
  if (name.startsWith(BYTE_ORDER_MARK)) throw new TypeError('A name begins with U+FEFF.');
  return name;
}

function packNumber(value: number): number {
  const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!exact) throw new TypeError('A number in a seal must be finite, an integer also safe.');
  return value;
}

function packString(value: string): string | Tagged {
  if (!value.isWellFormed()) throw new TypeError('A string in a seal must be valid Unicode.');
  if (value.startsWith(BYTE_ORDER_MARK)) return new Tagged(MARKED_TAG, Buffer.from(value));
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
  if (value instanceof Tagged) return unpackTagged(value);
  if (Array.isArray(value)) return value.map(unpack);
  return value as string | number | boolean | null;
}

function unpackTagged({ tag, value }: Tagged): SealValue {
  if (tag === CONCEALED_TAG) return unpack(unpadded(value as Uint8Array));
  if (tag === MARKED_TAG) return Buffer.from(value as Uint8Array).toString('utf8');
  return (value as Uint8Array[]).map(encodeBase64url).join('.');
}

function unpackMap(map: ReadonlyMap<unknown, unknown>): SealContents {
  return Object.fromEntries([...map].map(([name, item]) => [String(name), unpack(item)]));
}

/**
 * Finding an identifier inside a value that is to be released: however deep it
 * lies, in whatever case or Unicode form, as a number, as the name of a member,
 * percent-encoded, or in base64, base64url or hexadecimal, also one in another.
 */

/** A text to look for, in the form in which it is compared. */
export interface Identifier {
  readonly folded: string;
  /** Letters and digits alone, for identifiers long enough to stand without their separators. */
  readonly squeezed: string | undefined;
}

/** Below this many characters an identifier counts only where it stands as a word of its own. */
const SHORT = 4;
const SQUEEZABLE = 8;
const DEEPEST_VALUE = 32;
const NESTED_ENCODINGS = 3;
/** Longer texts (pictures, say) are decoded once, not again and again. */
const LONG_TEXT = 2048;
/** Searching a longer text would keep other requests waiting. */
const LONGEST_TEXT = 262_144;
const ASCII = /^[\0-\x7f]*$/;

export function identifier(text: string): Identifier {
  const folded = fold(text);
  const squeezed = squeeze(folded);
  return { folded, squeezed: squeezed.length >= SQUEEZABLE ? squeezed : undefined };
}

/**
 * Whether a JSON value carries an identifier. A value nested more than 32
 * levels deep, or with a text of more than 262144 characters, counts as
 * carrying it: what cannot be searched is not released.
 */
export function carries(value: unknown, wanted: Identifier, depth = 0): boolean {
  if (depth > DEEPEST_VALUE) return true;
  if (typeof value === 'string') return textCarries(value, wanted);
  if (typeof value === 'number') return textCarries(String(value), wanted);
  if (Array.isArray(value)) return value.some((item) => carries(item, wanted, depth + 1));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, item]) => textCarries(name, wanted) || carries(item, wanted, depth + 1),
  );
}

function textCarries(text: string, wanted: Identifier): boolean {
  if (text.length > LONGEST_TEXT) return true;
  const levels = text.length > LONG_TEXT ? 1 : NESTED_ENCODINGS;
  return readingCarries(text, wanted, levels);
}

function readingCarries(text: string, wanted: Identifier, levels: number): boolean {
  const folded = fold(text);
  if (contains(folded, wanted.folded)) return true;
  if (wanted.squeezed !== undefined && squeeze(folded).includes(wanted.squeezed)) return true;
  if (levels === 0) return false;
  const short = wanted.folded.length < SHORT;
  for (const reading of decodings(text)) {
    // In the bytes of a picture a short identifier turns up by chance.
    if (short && !isReadable(reading)) continue;
    if (readingCarries(reading, wanted, levels - 1)) return true;
  }
  return false;
}

/** Case and compatibility forms evened out (RFC 8265 does alike for user names). */
function fold(text: string): string {
  // Of these characters no form is another's.
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

function squeeze(folded: string): string {
  if (ASCII.test(folded)) return folded.replaceAll(/[^a-z0-9]/g, '');
  return folded.replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * A long identifier counts anywhere. A short one, such as `42`, counts where it
 * is not a part of a longer word or number: any phone number may contain a 4 and a 2.
 */
function contains(text: string, wanted: string): boolean {
  if (wanted.length >= SHORT) return text.includes(wanted);
  if (wanted === '') return false;
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    if (isBoundary(text, at) && isBoundary(text, end)) return true;
  }
  return false;
}

/** Whether a word or number ends or begins between the characters before and at a place. */
function isBoundary(text: string, at: number): boolean {
  const before = kindOf(text.charAt(at - 1));
  return before === 'other' || before !== kindOf(text.charAt(at));
}

function kindOf(character: string): 'letter' | 'digit' | 'other' {
  if (/[\p{L}\p{M}]/u.test(character)) return 'letter';
  return /\p{N}/u.test(character) ? 'digit' : 'other';
}

function* decodings(text: string): Generator<string> {
  if (text.includes('%')) yield percentDecoded(text);
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{2,}/g)) {
    // An encoded value may begin inside a run: `user-YWxpY2U` is a run throughout.
    for (let skip = 0; skip < 4 && run.length - skip >= 2; skip += 1) {
      yield Buffer.from(run.slice(skip), 'base64').toString('utf8');
    }
  }
  for (const [run] of text.matchAll(/[0-9A-Fa-f]{2,}/g)) {
    yield Buffer.from(run, 'hex').toString('utf8');
    yield Buffer.from(run.slice(1), 'hex').toString('utf8');
  }
}

/** As a form or URI reader decodes it; sequences that are none stay. */
function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) =>
    Buffer.from(encoded.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function isReadable(text: string): boolean {
  return !/[\p{Cc}\ufffd]/u.test(text);
}

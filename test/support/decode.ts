import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

import { LRUCache } from 'lru-cache';

/** A text as it stands, or one of the forms it can be decoded to. */
export interface Decoded {
  /** The way there: `plain`, or steps like `jwt payload > json`. */
  readonly form: string;
  readonly text: string;
}

const DEEPEST = 7;
/** From the beginning of a run only: what begins within it ends alike. */
const JWT = /(?<![\w-])[\w-]{4,}\.[\w-]{2,}\.[\w-]*(?:\.[\w-]*\.[\w-]+)?/g;
const BASE64 = /[A-Za-z0-9+/_-]{6,}={0,2}/g;
const HEX = /[0-9a-fA-F]{8,}/g;
const ENTITY = /&(?:#(\d+)|#x([0-9a-f]+)|(amp|lt|gt|quot|apos));/gi;
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/**
 * A text and all that it can be decoded to, again and again: percent-encoding,
 * JSON strings, HTML entities, JWT parts, base64 and base64url (also where they
 * begin in the middle of a run), hex, and compressed bytes.
 */
export function decodings(text: string): readonly Decoded[] {
  const known = decoded.get(text);
  if (known !== undefined) return known;
  const found = allDecodings(text);
  decoded.set(text, found);
  return found;
}

/** Most headers and many documents are the same at every answer. */
const decoded = new LRUCache<string, readonly Decoded[]>({
  maxSize: 20_000_000,
  sizeCalculation: (found, text) =>
    found.reduce((sum, each) => sum + each.text.length, text.length + 1),
});

function allDecodings(text: string): Decoded[] {
  const seen = new Map<string, string>();
  const tried = new Set<string>();
  const visit = (current: string, form: string, depth: number): void => {
    if (current === '' || seen.has(current)) return;
    seen.set(current, form);
    if (depth === DEEPEST) return;
    for (const step of stepsFrom(current, tried)) {
      visit(step.text, form === 'plain' ? step.form : `${form} > ${step.form}`, depth + 1);
    }
  };
  visit(text, 'plain', 0);
  return [...seen].map(([found, form]) => ({ form, text: found }));
}

/** `tried`: what was taken for base64 before, and need not be again. */
function* stepsFrom(text: string, tried: Set<string>): Generator<Decoded> {
  const fromBase64 = function* (form: string, run: string, offset = 0): Generator<Decoded> {
    const part = run.slice(offset);
    if (tried.has(part)) return;
    tried.add(part);
    const bytes = Buffer.from(part, 'base64');
    // Without a mark there is no telling where Brotli would begin within a run.
    yield* unpacked(form, bytes, offset === 0 ? COMPRESSIONS : MARKED_COMPRESSIONS);
    yield* readable(form, bytes);
  };
  for (const leaf of jsonLeaves(text)) yield { form: 'json', text: leaf };
  if (text.includes('%')) yield { form: 'percent', text: percentDecoded(text) };
  if (text.includes('+')) yield { form: 'form', text: text.replaceAll('+', ' ') };
  if (text.includes('&')) yield { form: 'html', text: withoutEntities(text) };
  if (text.includes('\\u') || text.includes('\\/')) {
    yield { form: 'escaped', text: withoutEscapes(text) };
  }
  for (const match of text.matchAll(JWT)) {
    for (const part of match[0].split('.')) yield* fromBase64('jwt', part);
  }
  for (const match of text.matchAll(BASE64)) {
    for (let offset = 0; offset < 4; offset += 1) {
      yield* fromBase64('base64', match[0], offset);
    }
  }
  for (const match of text.matchAll(HEX)) {
    for (const run of [match[0], match[0].slice(1)]) {
      const bytes = Buffer.from(run, 'hex');
      yield* unpacked('hex', bytes, COMPRESSIONS);
      yield* readable('hex', bytes);
    }
  }
}

interface Compression {
  readonly unpack: typeof gunzipSync | typeof brotliDecompressSync;
  readonly begins: (bytes: Buffer) => boolean;
}

/** Known by how their bytes begin (RFC 1952 2.3.1, RFC 1950 2.2). */
const MARKED_COMPRESSIONS: readonly Compression[] = [
  { unpack: gunzipSync, begins: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b },
  {
    unpack: inflateSync,
    begins: (bytes) =>
      bytes.length > 1 && (bytes[0] ?? 0) % 16 === 8 && bytes.readUInt16BE(0) % 31 === 0,
  },
];

const COMPRESSIONS: readonly Compression[] = [
  ...MARKED_COMPRESSIONS,
  { unpack: brotliDecompressSync, begins: () => true },
];

/** What compressed bytes unpack to. */
function* unpacked(
  form: string,
  bytes: Buffer,
  compressions: readonly Compression[],
): Generator<Decoded> {
  for (const { unpack, begins } of compressions) {
    if (!begins(bytes)) continue;
    const limits = { maxOutputLength: 1_000_000, chunkSize: 1024 };
    const inside = attempt(() => unpack(bytes, limits));
    if (inside !== undefined && inside.length > 2) {
      yield { form: `${form} > compressed`, text: inside.toString('utf8') };
    }
  }
}

/** Bytes as text where a part of them reads as text. */
function* readable(form: string, bytes: Buffer): Generator<Decoded> {
  for (const match of bytes.toString('latin1').matchAll(/[\t\n\r\x20-\x7e\x80-\xff]{3,}/g)) {
    if (/[\x20-\x7e]{3}/.test(match[0])) {
      yield { form, text: Buffer.from(match[0], 'latin1').toString('utf8') };
    }
  }
}

/** Strings and numbers in JSON, and member names with them (a name can be a leak too). */
function jsonLeaves(text: string): string[] {
  if (!/^\s*["[{]/.test(text)) return [];
  const value = attempt(() => JSON.parse(text) as unknown);
  return value === undefined ? [] : leavesOf(value);
}

function leavesOf(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [String(value)];
  return Object.entries(value).flatMap(([name, member]) => [
    ...(Array.isArray(value) ? [] : [name]),
    ...leavesOf(member),
  ]);
}

/**
 * The separate values in a text: JSON leaves, URL and form parameters, header
 * parameters, the parts and claims of JWTs. Member names are no values.
 */
export function valuesIn(text: string): Set<string> {
  const values = new Set<string>();
  const visit = (current: string, depth: number): void => {
    if (current === '' || values.has(current) || depth > DEEPEST) return;
    const inner = valueParts(current);
    // A document of several values is no value itself.
    if (inner.length === 0 || !/^\s*[[{]/.test(current)) values.add(current);
    for (const part of inner) visit(part, depth + 1);
  };
  visit(text, 0);
  return values;
}

function valueParts(text: string): string[] {
  const json = /^\s*["[{]/.test(text) ? attempt(() => JSON.parse(text) as unknown) : undefined;
  if (json !== undefined) return valuesOfJson(json);
  const parts: string[] = [];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text)) {
    const url = new URL(text);
    parts.push(url.host, ...url.pathname.split('/'), ...url.searchParams.values());
    parts.push(...new URLSearchParams(url.hash.slice(1)).values());
  } else if (/^\/?[^\s{}"]*[?&=][^\s{}"]*$/.test(text)) {
    const query = text.slice(text.indexOf('?') + 1);
    parts.push(...new URLSearchParams(query).values());
  }
  if (text.includes('%')) parts.push(percentDecoded(text));
  if (/[;,\s]/.test(text)) {
    parts.push(...text.split(/[;,\s]+/));
    parts.push(...text.split(/[;,\s]+/).flatMap((part) => part.split('=').slice(1)));
  }
  if (/^[\w-]{4,}\.[\w-]{2,}(?:\.[\w-]*){1,3}$/.test(text)) {
    parts.push(...text.split('.'));
  }
  if (/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(text)) {
    const decoded = Buffer.from(text, 'base64').toString('utf8');
    if (/^[\x20-\x7e]+$/.test(decoded)) parts.push(decoded);
  }
  return parts;
}

function valuesOfJson(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [String(value)];
  return Object.values(value).flatMap((member) => valuesOfJson(member));
}

function percentDecoded(text: string): string {
  const bytes = text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
  return bytes;
}

function withoutEntities(text: string): string {
  return text.replaceAll(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return attempt(() => String.fromCodePoint(point)) ?? whole;
  });
}

function withoutEscapes(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replaceAll('\\/', '/');
}

/** Undefined where it fails, which is the rule: nobody reads the stack that would be written. */
function attempt<T>(work: () => T): T | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } catch {
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

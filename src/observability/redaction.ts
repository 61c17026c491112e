import { describeError } from './error-fields.ts';

const SECRET = '[secret]';
const MAX_TEXT = 2048;
const MAX_ITEMS = 50;
const MAX_DEPTH = 4;

// Repetitions before a fixed end are bounded: a text may be as long as an upstream made it.

/** Compact JWS or JWE (RFC 7515 7.1, RFC 7516 7.1), whole or cut off. */
const JOSE = /\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g;
/** RFC 9110 11.4 credentials of the schemes that carry secrets. */
const CREDENTIALS = /\b(Bearer|Basic|DPoP)\s+[\w\-.~+/]+=*/gi;
/** User information in a URL, such as the password of a database. */
const USER_INFORMATION = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@"']{1,1024}@/gi;
/** Queries and fragments of URLs: codes, states and hints travel in them. */
const QUERY = /\b(https?:\/\/[^\s?#"'<>]{1,2048})[?#][^\s"'<>]*/gi;

/** A text without the tokens, credentials and URL queries that stand in it; of bounded length. */
export function scrub(text: string): string {
  const clean = text
    .replace(JOSE, '[token]')
    .replace(CREDENTIALS, '$1 [secret]')
    .replace(USER_INFORMATION, '$1[secret]@')
    .replace(QUERY, '$1?[query]');
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}…` : clean;
}

/** Names whose values never belong in a log, in lower case without `-` and `_`. */
const UNSPEAKABLE = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'headers',
  'rawheaders',
  'body',
  'form',
  'query',
  'password',
  'secret',
  'clientsecret',
  'salt',
  'masterkey',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'idtokenhint',
  'logouttoken',
  'admintoken',
  'clientassertion',
  'assertion',
  'codeverifier',
  'nonce',
  'seal',
  'localsubject',
  'username',
  'preferredusername',
  'email',
  'claims',
  'privatejwk',
]);

function isUnspeakable(name: string): boolean {
  return UNSPEAKABLE.has(name.toLowerCase().replaceAll(/[-_]/g, ''));
}

/**
 * The fields of a log line, by an allow-list of kinds: texts (scrubbed), numbers,
 * booleans, dates, errors (described), and plain objects and arrays of these.
 * Everything else, such as a request, a response, headers or bytes, is named by
 * its class and not shown.
 */
export function speakable(fields: object): Record<string, unknown> {
  if (fields instanceof Error) return { err: described(fields) };
  return speakableFields(fields, MAX_DEPTH);
}

function speakableFields(fields: object, depth: number): Record<string, unknown> {
  const spoken = Object.entries(fields).map(([name, value]) => {
    const hidden = isUnspeakable(name) && value !== undefined && value !== null;
    return [name, hidden ? SECRET : speakableValue(value, depth)] as const;
  });
  return Object.fromEntries(spoken);
}

function speakableValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'symbol' || typeof value === 'function') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return described(value);
  if (value instanceof Date) return value;
  if (value instanceof URL) return scrub(value.href);
  if (depth === 0) return '[…]';
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).map((item) => speakableValue(item, depth - 1));
  }
  if (isPlain(value)) return speakableFields(value, depth - 1);
  return `[${value.constructor?.name ?? 'object'}]`;
}

/** An object with a `toJSON` of its own decides for itself what it shows, and so is not plain. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value);
}

function described(error: Error): Record<string, unknown> {
  const { message, detail, ...rest } = describeError(error);
  return {
    ...rest,
    ...(message !== undefined && { message: scrub(message) }),
    ...(detail !== undefined && { detail: scrub(detail) }),
  };
}

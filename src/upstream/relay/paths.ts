const MAX_PATH = 8 * 1024;
const STRUCTURE = '/\\.%;?#';

/** A path in the one spelling that paths are compared in. */
export interface CanonicalPath {
  /** Decoded, without `;parameters`, empty segments and a trailing slash. */
  readonly path: string;
  /** The same with compatibility characters and letter case evened out. */
  readonly folded: string;
}

/**
 * The canonical form of a raw request path, or undefined where servers might
 * disagree on what it means: dot segments, backslashes, control characters, a
 * leading `//`, and percent-encoded separators, dots or percent signs (the
 * doorways of double decoding).
 */
export function canonicalPath(raw: string): CanonicalPath | undefined {
  if (raw.length > MAX_PATH || !raw.startsWith('/') || raw.startsWith('//')) return undefined;
  if (!/^[\x21-\x7e]+$/.test(raw) || /[\\#?]/.test(raw)) return undefined;
  const decoded = decodeSegment(raw);
  if (decoded === undefined) return undefined;
  const segments = decoded
    .split('/')
    .map((segment) => segment.replace(/;.*$/s, ''))
    .map((segment) => segment.trim());
  if (segments.some((segment) => /^\.+$/.test(segment))) return undefined;
  const path = `/${segments.filter((segment) => segment !== '').join('/')}`;
  return { path, folded: fold(path) };
}

/** Whether a path is one of these, or lies below one, under any spelling. */
export function isClosed(candidate: CanonicalPath, closed: readonly string[]): boolean {
  if (candidate.folded.split('/').includes('.well-known')) return true;
  return closed.some((path) => reaches(candidate.folded, comparable(path)));
}

/** Whether the path is the authorization endpoint (`at`), or lies below it. */
export function authorizationPlace(
  candidate: CanonicalPath,
  authorizationPath: string,
): 'at' | 'below' | 'elsewhere' {
  const endpoint = comparable(authorizationPath);
  if (candidate.folded === endpoint) return 'at';
  if (candidate.folded.startsWith(`${endpoint}/`)) return 'below';
  return reaches(candidate.folded, endpoint) ? 'at' : 'elsewhere';
}

/** Whether a path is this one, to the letter. */
export function isAt(candidate: CanonicalPath, path: string): boolean {
  return candidate.path === (canonicalPath(path)?.path ?? path);
}

/** Whether a path lies in one of the prefixes; none given: every path does. */
export function isWithin(candidate: CanonicalPath, prefixes: readonly string[]): boolean {
  if (prefixes.length === 0) return true;
  return prefixes.some((prefix) => {
    const bare = prefix.replace(/\/+$/, '');
    return candidate.path === bare || candidate.path.startsWith(`${bare}/`);
  });
}

// What follows a closed path counts as part of its spelling unless it makes
// another word of it: `/token.json` is routed to `/token` by some frameworks.
function reaches(folded: string, endpoint: string): boolean {
  if (endpoint === '/' || !folded.startsWith(endpoint)) return folded === endpoint;
  return !/^[\p{L}\p{N}_-]/u.test(folded.slice(endpoint.length));
}

function comparable(path: string): string {
  return canonicalPath(path)?.folded ?? fold(path);
}

function fold(path: string): string {
  return path.normalize('NFKC').toUpperCase().toLowerCase();
}

function decodeSegment(raw: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    return undefined;
  }
  if (/\p{Cc}/u.test(decoded)) return undefined;
  for (const [octet] of raw.matchAll(/%[0-9a-f]{2}/gi)) {
    if (STRUCTURE.includes(String.fromCharCode(Number.parseInt(octet.slice(1), 16)))) {
      return undefined;
    }
  }
  return decoded;
}

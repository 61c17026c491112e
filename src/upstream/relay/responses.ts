import { Refusal } from '../../errors.ts';
import type { RelayAnswer, RelayPolicy } from './policy.ts';
import { percentDecode, percentEncode, unescapeMarkup } from './escapes.ts';

const VALUES = ['code', 'id_token', 'access_token', 'response'];
const SEPARATOR = String.raw`(?:[?&#;]|%(?:25)*(?:3f|26|23)|\\{1,8}u00(?:3f|26|23)|\\{1,8}x(?:3f|26|23)|&(?:quest|num);)`;
const EQUALS = String.raw`(?:=|%(?:25)*3d|&equals;|&#0*61;|&#x0*3d;|\\{1,8}u003d|\\{1,8}x3d)`;
const HINT = new RegExp(`${SEPARATOR}(?:code|id_token|access_token|response|error)${EQUALS}`, 'i');
const RAW_COLON = String.raw`(?::|&colon;|&#0*58;|&#x0*3a;|\\{1,8}u003a|\\{1,8}x3a)`;
const SCHEME = String.raw`(?:(?<![a-z0-9+.-])|(?<=%(?:25)*[0-9a-f]{2}))[a-z][a-z0-9+.-]{0,63}`;
const CANDIDATE = new RegExp(
  `(?:https?|${SCHEME})(?:(?<raw>${RAW_COLON})|%(?:25)*3a)|(?<=^|[=,;\\[])(?<relative>(?:\\\\{0,8}/){2})`,
  'gi',
);
// Where a URL ends inside a word: an escaped quote or angle bracket.
const END =
  /&quot;|&#0*3[49];|&#x0*2[27];|&apos;|&lt;|&gt;|\\{1,8}u00(?:2[27]|3[ce])|\\{1,8}x(?:2[27]|3[ce])|\\{1,8}$/i;
const END_ENCODED = /[^A-Za-z0-9._~!*'()+%-]/;

// What one word may cost: a word made of nothing but beginnings of URLs is no page.
const MOST_EXAMINED = 4 * 1024 * 1024;

/** An address that holds nothing and goes nowhere. */
export const NOWHERE = 'about:blank';

/**
 * Whether a URL carries a value that only an authorization response carries:
 * `code`, `id_token`, `access_token` or `response`, in query or fragment.
 */
export function carriesValue(url: URL): boolean {
  return VALUES.some((name) => carries(url, name));
}

/** Whether a URL to a redirect URI is an authorization response: a value, or an error. */
export function isAuthorizationResponse(url: URL, policy: RelayPolicy): boolean {
  return (carriesValue(url) || carries(url, 'error')) && policy.isRedirectTarget(url);
}

/** Whether text may hold an authorization response; cheap, never wrong with `false`. */
export function mayHoldResponse(text: string): boolean {
  return HINT.test(text);
}

/**
 * Replaces every authorization response in a word (text without blanks or
 * quotes), whatever it is escaped with, by what `answer` makes of it.
 *
 * Errors: `upstream_malformed` for a word that would take too long to examine.
 */
export async function replaceResponses(
  word: string,
  policy: RelayPolicy,
  answer: (response: URL) => Promise<RelayAnswer>,
): Promise<string> {
  let output = '';
  let rest = word;
  for (;;) {
    const found = firstResponse(rest, policy);
    if (found === undefined) return output + rest;
    const given = await answer(found.url);
    const location = given.kind === 'redirect' ? given.location : NOWHERE;
    output += rest.slice(0, found.start) + respell(location, found);
    rest = rest.slice(found.start + found.text.length);
  }
}

interface Found {
  readonly start: number;
  readonly text: string;
  readonly url: URL;
  readonly depth: number;
}

function firstResponse(word: string, policy: RelayPolicy): Found | undefined {
  if (!mayHoldResponse(word)) return undefined;
  let examined = 0;
  for (const match of word.matchAll(CANDIDATE)) {
    const raw = match.groups?.['raw'] !== undefined || match.groups?.['relative'] !== undefined;
    const text = until(word.slice(match.index), raw ? END : END_ENCODED);
    examined += text.length;
    if (examined > MOST_EXAMINED) {
      throw new Refusal('upstream_malformed', 'a word of the page with too many addresses');
    }
    const spelled = unescapeMarkup(text);
    let decoded = match.groups?.['relative'] === undefined ? spelled : `https:${spelled}`;
    for (let depth = 0; depth <= 3; depth += 1) {
      const url = URL.parse(decoded);
      if (url !== null && isAuthorizationResponse(url, policy)) {
        return { start: match.index, text, url, depth };
      }
      decoded = percentDecode(decoded);
    }
  }
  return undefined;
}

function until(text: string, end: RegExp): string {
  const at = text.search(end);
  return at === -1 ? text : text.slice(0, at);
}

function respell(location: string, found: Found): string {
  const encoded = percentEncode(location.replaceAll("'", '%27'), found.depth);
  return /&(?:amp|#0*38|#x0*26);/i.test(found.text) ? encoded.replaceAll('&', '&amp;') : encoded;
}

function carries(url: URL, name: string): boolean {
  if (url.searchParams.has(name)) return true;
  const fragment = url.hash.slice(1);
  return fragment.split('?').some((part) => new URLSearchParams(part).has(name));
}

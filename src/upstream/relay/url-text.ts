/** A base under which one side's addresses lie: an origin and a path prefix (`''` or `/prefix`). */
export interface AddressBase {
  readonly origin: string;
  readonly prefix: string;
}

// Backslashes are counted, so that a long run of them costs no more than its length.
const COLON = String.raw`(?::|%(?:25)*3a|&colon;|&#0*58;|&#x0*3a;|\\{1,8}u003a|\\{1,8}x3a)`;
const SLASH = String.raw`(?:\\{0,8}\/|%(?:25)*2f|&sol;|&#0*47;|&#x0*2f;|\\{1,8}u002f|\\{1,8}x2f)`;
// What may not follow a host, since it would make it another host or port.
const NOT_HOST = String.raw`(?![\w-]|\.\w|(?::|%(?:25)*3a)\d|@|%(?:25)*40)`;

/** Longest spelling of a base that {@link AddressText} looks for, in characters. */
export const LONGEST_ADDRESS = 1024;

/**
 * Finds the addresses of one side in text and turns them into the other side's,
 * in the spelling they were found in: plain, `\/`-escaped, entity-escaped,
 * percent-encoded any number of times, with or without a scheme.
 */
export class AddressText {
  readonly #to: URL;
  readonly #toPrefix: string;
  readonly #pattern: RegExp | undefined;

  constructor(from: readonly AddressBase[], to: AddressBase) {
    this.#to = new URL(to.origin);
    this.#toPrefix = to.prefix;
    const sources = from
      .filter((base) => base.origin !== to.origin || base.prefix !== to.prefix)
      .map(sourceOf);
    this.#pattern = sources.length === 0 ? undefined : new RegExp(sources.join('|'), 'gi');
  }

  /** Whether the text holds an address to turn. */
  occursIn(text: string): boolean {
    return this.firstIn(text) !== -1;
  }

  /** Index of the first address in the text, or -1. */
  firstIn(text: string): number {
    return this.#pattern === undefined ? -1 : text.search(this.#pattern);
  }

  /** Start of the last address in the text that reaches `position`, else `position`. */
  cutBefore(text: string, position: number): number {
    if (this.#pattern === undefined) return position;
    for (const match of text.matchAll(this.#pattern)) {
      if (match.index < position && match.index + match[0].length >= position) return match.index;
    }
    return position;
  }

  /** The text with every address turned. */
  turn(text: string): string {
    if (this.#pattern === undefined) return text;
    return text.replace(this.#pattern, (found) => this.#spell(found));
  }

  #spell(found: string): string {
    const scheme = /^(?:http|ws)s?(?=[^\w]|$)/i.exec(found)?.[0] ?? '';
    const rest = found.slice(scheme.length);
    const colon = new RegExp(`^${COLON}`, 'i').exec(rest)?.[0] ?? '';
    const slash = new RegExp(`^${SLASH}`, 'i').exec(rest.slice(colon.length))?.[0] ?? '/';
    const portColon = colon === '' ? colonLike(slash) : colon;
    const secure = this.#to.protocol === 'https:' ? 's' : '';
    const ours = scheme === '' ? '' : `${/^ws/i.test(scheme) ? 'ws' : 'http'}${secure}`;
    const port = this.#to.port === '' ? '' : `${portColon}${this.#to.port}`;
    const prefix = this.#toPrefix.replaceAll('/', () => slash);
    return `${ours}${colon}${slash}${slash}${this.#to.hostname}${port}${prefix}`;
  }
}

function sourceOf(base: AddressBase): string {
  const { hostname, port, protocol } = new URL(base.origin);
  const host = hostname.replace(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`);
  const standard = protocol === 'https:' ? '443' : '80';
  const end = port === '' ? `(?:${COLON}${standard}(?!\\d))?` : COLON + port;
  const prefix = base.prefix
    .split('/')
    .slice(1)
    .map((segment) => `${SLASH}${segment.replace(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`)}`)
    .join('');
  const tail = `${SLASH}${SLASH}${host}${end}${prefix}${NOT_HOST}`;
  return `(?:(?:http|ws)s?${COLON}${tail}|(?<![\\w:\\\\/;])${tail})`;
}

function colonLike(slash: string): string {
  if (slash.startsWith('%')) return slash.replace(/2f$/i, '3A');
  return ':';
}

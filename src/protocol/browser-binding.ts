import { randomBytes } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';
import { secretsEqual } from '../tokens/client-secret.ts';
import { browserHash } from '../tokens/derived.ts';

/** The cookie that ties an authorization response to the browser that began (design section 4). */
export class BrowserBinding {
  readonly cookieName: string;
  readonly #secure: boolean;

  constructor(issuer: string) {
    // `__Host-` cookies need https; a loopback issuer may be plain http.
    this.#secure = issuer.startsWith('https:');
    this.cookieName = this.#secure ? '__Host-pairwise-browser' : 'pairwise-browser';
  }

  /** The browser's hash, and the Set-Cookie to send where it had no cookie yet. */
  bind(cookieHeader: string | undefined): { hash: string; setCookie: string | undefined } {
    const present = this.#read(cookieHeader);
    if (present !== undefined) return { hash: browserHash(present), setCookie: undefined };
    const value = randomBytes(32).toString('base64url');
    const setCookie = stringifySetCookie({
      name: this.cookieName,
      value,
      path: '/',
      httpOnly: true,
      secure: this.#secure,
      // A vendor's silent login runs in a frame, where only `None` cookies travel.
      sameSite: this.#secure ? 'none' : 'lax',
    });
    return { hash: browserHash(value), setCookie };
  }

  /** Whether the cookies are those of the browser that the hash was taken from. */
  matches(hash: string, cookieHeader: string | undefined): boolean {
    const present = this.#read(cookieHeader);
    return present !== undefined && secretsEqual(browserHash(present), hash);
  }

  #read(cookieHeader: string | undefined): string | undefined {
    if (cookieHeader === undefined) return undefined;
    const value = parseCookie(cookieHeader)[this.cookieName];
    return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
  }
}

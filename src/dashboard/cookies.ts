import { createHash } from 'node:crypto';

import { parseCookie, stringifySetCookie } from 'cookie';

/** The cookies of the dashboard: names and properties that follow from `ADMIN_URL`. */
export class DashboardCookies {
  readonly #secure: boolean;
  readonly #prefix: string;

  constructor(adminUrl: string) {
    // `__Host-` cookies need https; on loopback plain http is good enough.
    this.#secure = adminUrl.startsWith('https:');
    this.#prefix = this.#secure ? '__Host-pairwise-dashboard' : 'pairwise-dashboard';
  }

  /** As browsers send them, so that the relay keeps them from the provider: ports divide no cookies. */
  get names(): readonly string[] {
    return ['session', 'login'].map((name) => `${this.#prefix}-${name}`);
  }

  /** What a browser sends of one of them, if it has the form of one. */
  read(name: 'session' | 'login', cookieHeader: string | undefined): string | undefined {
    if (cookieHeader === undefined) return undefined;
    const value = parseCookie(cookieHeader)[`${this.#prefix}-${name}`];
    return value !== undefined && /^[\w-]{43,2000}$/.test(value) ? value : undefined;
  }

  /** A Set-Cookie that keeps a value for some seconds; 0: takes it away. */
  set(name: 'session' | 'login', value: string, maxAge: number): string {
    return stringifySetCookie({
      ...{ name: `${this.#prefix}-${name}`, value, path: '/', maxAge },
      // Lax: a login ends with a redirect from the provider, which is another site.
      ...{ httpOnly: true, secure: this.#secure, sameSite: 'lax' },
    });
  }
}

/** What the forms of a session repeat: bound to its cookie, and of no use without it. */
export function formTokenOf(reference: string): string {
  return createHash('sha256')
    .update('pairwise-proxy dashboard form\0')
    .update(reference)
    .digest('base64url');
}

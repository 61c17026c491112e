import type { Client } from './client.ts';

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The redirect URIs of all clients, after logins and logouts, as a set to ask about an address that
 * already carries an authorization response: its fragment and the parameters
 * beyond the registered ones do not count.
 */
export class RedirectTargets {
  readonly #registered = new Map<string, URLSearchParams[]>();
  readonly #origins = new Set<string>();

  constructor(clients: Iterable<Pick<Client, 'metadata'>>) {
    for (const { metadata } of clients) {
      for (const uri of metadata.redirect_uris) {
        const url = URL.parse(uri);
        if (url === null) continue;
        this.#add(place(url), url.searchParams);
        // A native app listens on whatever port is free (RFC 8252 7.3).
        if (metadata.application_type === 'native' && isLoopback(url)) {
          this.#add(placeOnAnyPort(url), url.searchParams);
        }
        if (url.origin !== 'null') this.#origins.add(url.origin);
      }
      for (const uri of metadata.post_logout_redirect_uris) {
        const url = URL.parse(uri);
        if (url !== null) this.#add(place(url), url.searchParams);
      }
    }
  }

  /** Whether some client registered this address. */
  has(url: URL): boolean {
    const places = isLoopback(url) ? [place(url), placeOnAnyPort(url)] : [place(url)];
    return places
      .flatMap((at) => this.#registered.get(at) ?? [])
      .some((registered) =>
        [...registered].every(([name, value]) => url.searchParams.getAll(name).includes(value)),
      );
  }

  /** Whether some client registered an address of this origin. */
  hasOrigin(origin: string): boolean {
    return this.#origins.has(origin);
  }

  #add(at: string, parameters: URLSearchParams): void {
    this.#registered.set(at, [...(this.#registered.get(at) ?? []), parameters]);
  }
}

// The origin of a URL with an app's own scheme is "null", so it cannot stand for the place.
function place(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function placeOnAnyPort(url: URL): string {
  return `${url.protocol}//${url.hostname}:*${url.pathname}`;
}

function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname);
}

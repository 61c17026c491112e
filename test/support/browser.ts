import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

import { CookieJar } from 'tough-cookie';
import { Agent, request } from 'undici';
import type { Dispatcher, FormData } from 'undici';

import { localOrigin } from './ingress.ts';
import { formsIn } from './page.ts';
import type { Form } from './page.ts';
import { isSinglePageLogin, submitSinglePage } from './single-page.ts';

/** One answer that the browser got, together with what it had sent. */
export interface Page {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string | undefined;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly forms: readonly Form[];
  /** Where a redirect points to. */
  readonly location: URL | undefined;
}

export interface Navigation {
  readonly form?: Readonly<Record<string, string>>;
  /** Sent by a script of the page in place of a form. */
  readonly json?: Readonly<Record<string, string>>;
  /** Sent as multipart/form-data: a form with a file. */
  readonly multipart?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
  /** The page that led here; absent: the address was typed in. */
  readonly from?: Pick<Page, 'url' | 'headers'>;
}

export interface LoginOptions {
  readonly username: string;
  /** Default: the demo users' `<username>-password`. */
  readonly password?: string;
}

/** How a walk ended: at a redirect to a vendor (`callback`), or at a page. */
export interface Walk {
  readonly page: Page;
  /** The redirect to a vendor's redirect URI that was not followed. */
  readonly callback: URL | undefined;
}

const MOST_STEPS = 30;

/** `vendor-a.localhost` and the like are this machine, as in real browsers (RFC 6761 6.3). */
const resolve = ((hostname, options, callback) => {
  lookup(hostname.endsWith('.localhost') ? '127.0.0.1' : hostname, options, callback);
}) as LookupFunction;

/**
 * A small browser for tests: a cookie jar of its own, redirects one at a time,
 * forms. It keeps everything that it sent and got.
 */
export class Browser {
  readonly jar = new CookieJar(undefined, { prefixSecurity: 'strict' });
  readonly pages: Page[] = [];
  readonly #agent = new Agent({ connect: { lookup: resolve, family: 4 }, allowH2: false });
  readonly #callbacks = new Set<string>();
  readonly #authorizers = new Set<string>();

  /** One request, its redirect not followed. */
  async open(address: string | URL, navigation: Navigation = {}): Promise<Page> {
    const url = new URL(address);
    const { form, json, multipart } = navigation;
    const method = [form, json, multipart].every((sent) => sent === undefined) ? 'GET' : 'POST';
    const sameSiteContext = siteContext(url, navigation.from?.url, method);
    const cookie = await this.jar.getCookieString(url.href, { sameSiteContext });
    const requestHeaders: Record<string, string> = {
      accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'user-agent': 'Mozilla/5.0 (test)',
      ...(navigation.from === undefined ? {} : originHeaders(navigation.from, method)),
      ...(cookie === '' ? {} : { cookie }),
      ...navigation.headers,
    };
    const body = json ? JSON.stringify(json) : form && new URLSearchParams({ ...form }).toString();
    const type = json ? 'application/json' : 'application/x-www-form-urlencoded';
    if (body !== undefined) requestHeaders['content-type'] = type;
    const response = await request(new URL(url.pathname + url.search, localOrigin(url.origin)), {
      method,
      headers: { ...requestHeaders, host: url.host },
      ...((body ?? multipart) === undefined ? {} : { body: body ?? multipart }),
      dispatcher: this.#agent,
    });
    for (const line of [response.headers['set-cookie'] ?? []].flat()) {
      // A navigation stores cookies of every SameSite, wherever it began (RFC 6265bis 5.7).
      await this.jar.setCookie(line, url.href, { ignoreError: true });
    }
    const page = await pageOf(response, { url, method, requestHeaders, requestBody: body });
    this.#noteCallbacks(url);
    if (page.location) this.#noteCallbacks(page.location);
    this.pages.push(page);
    return page;
  }

  /** Follows redirects until a page, or until one leads to a redirect URI seen on the way. */
  async walk(address: string | URL, navigation: Navigation = {}): Promise<Walk> {
    let page = await this.open(address, navigation);
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const { location } = page;
      if (location === undefined) return { page, callback: undefined };
      if (this.isCallback(location)) return { page, callback: location };
      // A redirect keeps the site that began the navigation, and turns POST into GET unless it
      // says otherwise (307, 308).
      const { form } = navigation;
      const again = page.method === 'POST' && [307, 308].includes(page.status) && form;
      const from = navigation.from ? { from: navigation.from } : {};
      page = await this.open(location, again ? { ...from, form } : from);
    }
    throw new Error(`more than ${MOST_STEPS} redirects, the last from ${page.url.href}`);
  }

  /** Submits a form of a page with some fields filled in, and walks on. */
  submit(page: Page, fields: Readonly<Record<string, string>>, which = 0): Promise<Walk> {
    const form = page.forms[which];
    if (form === undefined) throw new Error(`no form at ${page.url.href}: ${excerpt(page)}`);
    const filled = { ...form.fields, ...fields };
    if (form.method === 'POST') return this.walk(form.action, { form: filled, from: page });
    const target = new URL(form.action);
    target.search = new URLSearchParams(filled).toString();
    return this.walk(target, { from: page });
  }

  /**
   * Logs in: from an authorization request or a vendor's login address to the
   * redirect to the vendor's callback, which is returned and not followed.
   */
  async login(address: string | URL, options: LoginOptions): Promise<URL> {
    const { page, callback } = await this.#answered(address, options);
    if (callback !== undefined) return callback;
    throw new Error(`the login ended at ${page.url.href}: ${excerpt(page)}`);
  }

  /** Fills in a login page, a form or an application, and walks on. */
  submitLogin(page: Page, { username, password }: LoginOptions): Promise<Walk> {
    const fields = { username, password: password ?? `${username}-password` };
    return isSinglePageLogin(page)
      ? submitSinglePage(this, page, fields)
      : this.submit(page, fields);
  }

  /** Logs in and goes on into the vendor, by a redirect or a form, to the page at the end. */
  async loginInto(address: string | URL, options: LoginOptions): Promise<Page> {
    const { page, callback } = await this.#answered(address, options);
    if (callback !== undefined) return this.follow(callback);
    if (this.isFormPost(page)) return (await this.submit(page, {})).page;
    throw new Error(`the login ended at ${page.url.href}: ${excerpt(page)}`);
  }

  /** Goes to a callback and on, redirects and all. */
  async follow(callback: URL): Promise<Page> {
    let page = await this.open(callback);
    for (let step = 0; page.location !== undefined && step < MOST_STEPS; step += 1) {
      page = await this.open(page.location);
    }
    return page;
  }

  /** Whether an address is a redirect URI that an authorization request named. */
  isCallback(url: URL): boolean {
    return this.#callbacks.has(url.origin + url.pathname);
  }

  /** Whether a page is a form that its own script posts to such an address at once. */
  isFormPost(page: Page): boolean {
    const [form] = page.forms;
    return form !== undefined && this.isCallback(form.action);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #answered(address: string | URL, options: LoginOptions): Promise<Walk> {
    const walk = await this.walk(address);
    const asks = walk.page.forms.length > 0 && !this.isFormPost(walk.page);
    return walk.callback === undefined && asks ? this.submitLogin(walk.page, options) : walk;
  }

  #noteCallbacks(url: URL): void {
    for (const name of ['redirect_uri', 'post_logout_redirect_uri']) {
      const value = url.searchParams.get(name);
      if (value === null || !URL.canParse(value)) continue;
      const { origin, pathname } = new URL(value);
      // A provider that is itself a client of another one is not a vendor.
      if (!this.#authorizers.has(origin)) this.#callbacks.add(origin + pathname);
      this.#authorizers.add(url.origin);
    }
  }
}

type Sent = Pick<Page, 'url' | 'method' | 'requestHeaders' | 'requestBody'>;

async function pageOf(response: Dispatcher.ResponseData, sent: Sent): Promise<Page> {
  const body = await response.body.text();
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    for (const line of [value ?? []].flat()) headers.append(name, line);
  }
  const status = response.statusCode;
  const location = headers.get('location');
  const isHtml = headers.get('content-type')?.toLowerCase().startsWith('text/html') === true;
  const redirects = status >= 300 && status < 400 && location !== null;
  return {
    ...sent,
    status,
    headers,
    body,
    forms: isHtml ? formsIn(body, sent.url) : [],
    location: redirects ? new URL(location, sent.url) : undefined,
  };
}

/** Under `no-referrer` a browser hides where it comes from, in Origin too (Fetch 3.1). */
function originHeaders(
  { url, headers }: Pick<Page, 'url' | 'headers'>,
  method: string,
): Record<string, string> {
  if (headers.get('referrer-policy') === 'no-referrer') {
    return method === 'POST' ? { origin: 'null' } : {};
  }
  return { referer: url.href, ...(method === 'POST' ? { origin: url.origin } : {}) };
}

/** RFC 6265bis 5.2: what a navigation from another site may carry. */
function siteContext(to: URL, from: URL | undefined, method: string): 'strict' | 'lax' | 'none' {
  if (from === undefined || from.hostname === to.hostname) return 'strict';
  return method === 'GET' ? 'lax' : 'none';
}

function excerpt(page: Page): string {
  const text = page.body.replace(/^.*<body>/s, '').replaceAll(/<[^>]*>|\s+/g, ' ');
  return `${page.status} ${text.replaceAll(/ +/g, ' ').trim().slice(0, 300)}`;
}

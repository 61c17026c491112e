import { randomUUID } from 'node:crypto';

import { parseCookie, stringifySetCookie } from 'cookie';
import express from 'express';
import type { Express, Request, Response } from 'express';

import { html, page, together } from '../pages.ts';
import type { Html } from '../pages.ts';
import type { Pending, RelyingParty, Tokens } from './relying-party.ts';

export interface VendorAppOptions {
  /** Shown on the pages. */
  readonly name: string;
  /** Asked once, at the first login, so that a vendor may start before its provider. */
  readonly open: () => Promise<RelyingParty>;
  /** Default: `/callback`. */
  readonly redirectPath?: string;
  /** The vendor's own cookie. Cookies ignore the port, so vendors on one host need two names. */
  readonly cookieName: string;
  readonly origin: string;
}

interface Session {
  pending: Pending | undefined;
  tokens: Tokens | undefined;
}

/** A vendor's web application, with what its server holds. */
export interface VendorApp {
  readonly handler: Express;
  /** The tokens of whoever logged in last. */
  readonly latest: () => Tokens | undefined;
  readonly party: () => Promise<RelyingParty>;
}

/**
 * A small vendor: a home page with a login link, the callback, a page that shows
 * `sub` and the claims, refresh, a look at userinfo, and a local logout.
 * `/me` answers JSON to those who ask for it.
 */
export function createVendorApp(options: VendorAppOptions): VendorApp {
  const sessions = new Map<string, Session>();
  let opened: Promise<RelyingParty> | undefined;
  let latest: Tokens | undefined;

  const party = (): Promise<RelyingParty> => {
    opened ??= options.open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const sessionOf = (request: Request): Session | undefined =>
    sessions.get(parseCookie(request.headers.cookie ?? '')[options.cookieName] ?? '');
  const begin = (response: Response): Session => {
    const id = randomUUID();
    const session: Session = { pending: undefined, tokens: undefined };
    sessions.set(id, session);
    const value = stringifySetCookie({
      name: options.cookieName,
      value: id,
      httpOnly: true,
      sameSite: 'lax',
      path: '/',
    });
    response.append('set-cookie', value);
    return session;
  };
  const keep = (session: Session, tokens: Tokens): void => {
    session.tokens = tokens;
    latest = tokens;
  };

  const handler = express().disable('x-powered-by').disable('etag');
  handler.get('/', (request, response) => {
    response.send(homePage(options.name, sessionOf(request)?.tokens));
  });
  handler.get('/login', async (request, response) => {
    const parameters = Object.entries(request.query).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    const { url, pending } = await (await party()).begin(Object.fromEntries(parameters));
    const session = sessionOf(request) ?? begin(response);
    session.pending = pending;
    response.redirect(303, url.href);
  });
  handler.get(options.redirectPath ?? '/callback', async (request, response) => {
    const session = sessionOf(request);
    if (session?.pending === undefined) throw new Error('no login was begun in this browser');
    const { pending } = session;
    session.pending = undefined;
    const callback = new URL(request.originalUrl, options.origin);
    keep(session, await (await party()).finish(callback, pending));
    response.redirect(303, '/me');
  });
  handler.get('/me', (request, response) => {
    const tokens = sessionOf(request)?.tokens;
    if (request.accepts('html', 'json') === 'json') {
      response.status(tokens ? 200 : 401).json(tokens?.claims ?? {});
    } else if (tokens) {
      response.send(claimsPage(options.name, 'ID token', tokens.claims));
    } else {
      response.redirect(303, '/');
    }
  });
  handler.post('/refresh', async (request, response) => {
    const session = sessionOf(request);
    if (session?.tokens) keep(session, await (await party()).refresh(session.tokens));
    response.redirect(303, '/me');
  });
  handler.get('/userinfo', async (request, response) => {
    const tokens = sessionOf(request)?.tokens;
    if (tokens === undefined) {
      response.redirect(303, '/');
      return;
    }
    const claims = await (await party()).userinfo(tokens);
    response.send(claimsPage(options.name, 'userinfo', claims));
  });
  handler.post('/logout', (request, response) => {
    const session = sessionOf(request);
    if (session) session.tokens = undefined;
    response.redirect(303, '/');
  });
  handler.use((error: unknown, _request: Request, response: Response, _next: () => void) => {
    response.status(400).send(page(options.name, errorText(error)));
  });
  return { handler, latest: () => latest, party };
}

function homePage(name: string, tokens: Tokens | undefined): string {
  return page(
    name,
    tokens
      ? html`<p>You are logged in here as <code>${String(tokens.claims['sub'])}</code>.</p>
          <p><a href="/me">What this vendor knows of you</a></p>`
      : html`<p>Nobody is logged in here.</p>
          <p><a href="/login">Log in</a></p>`,
  );
}

function claimsPage(
  name: string,
  source: string,
  claims: Readonly<Record<string, unknown>>,
): string {
  const rows = Object.entries(claims).map(
    ([claim, value]) =>
      html`<tr>
        <th align="left">${claim}</th>
        <td><code>${typeof value === 'string' ? value : JSON.stringify(value)}</code></td>
      </tr>`,
  );
  return page(
    name,
    html`<p>
        To this vendor you are <code id="sub">${String(claims['sub'])}</code>. From ${source}:
      </p>
      <table>
        ${together(rows)}
      </table>
      <p><a href="/userinfo">Ask userinfo</a> · <a href="/">Home</a></p>
      <form method="post" action="/refresh"><button>Refresh the tokens</button></form>
      <form method="post" action="/logout"><button>Log out here</button></form>`,
  );
}

/** The library's error with its cause, for the person in front of the browser. */
function errorText(error: unknown): Html {
  const described = error as { message?: string; error?: string; error_description?: string };
  return html`<p role="alert">The login failed: ${described.message ?? 'unknown error'}</p>
    <p>${described.error ?? ''} ${described.error_description ?? ''}</p>
    <p><a href="/">Home</a></p>`;
}

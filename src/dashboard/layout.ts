import { html, raw } from 'hono/html';

import type { Html, Visit } from './page.ts';

const SECTIONS = [
  ['/', 'Overview', 'read'],
  ['/vendors', 'Vendors', 'read'],
  ['/clients', 'Clients', 'read'],
  ['/rollout', 'Rollout', 'read'],
  ['/people', 'People', 'privacy'],
  ['/audit', 'Audit log', 'read'],
  ['/keys', 'Keys and salts', 'read'],
  ['/sectors', 'Sectors', 'read'],
  ['/tokens', 'Tokens', 'read'],
] as const;

const DOCTYPE = raw('<!doctype html>');

/** Turns off what the enhancement library would do beyond its attributes. */
const HTMX = '{"includeIndicatorCSS":false,"history":false,"mode":"same-origin"}';

interface Shell {
  readonly title: string;
  readonly body: Html;
  readonly href: (path: string) => string;
  readonly header: Html;
}

/** A page of somebody who is logged in; `at` is the path of its section. */
export function page(
  visit: Visit,
  at: string,
  { title, body }: Pick<Shell, 'title' | 'body'>,
): Html {
  const sections = SECTIONS.filter(([, , scope]) => visit.can(scope));
  const header = html`<nav aria-label="Sections">
      <ul>
        ${sections.map(([path, name]) => {
          const current = path === at ? html`aria-current="page"` : '';
          return html`<li><a href="${visit.href(path)}" ${current}>${name}</a></li>`;
        })}
      </ul>
    </nav>
    <form method="post" action="${visit.href('/logout')}" class="who">
      <input type="hidden" name="token" value="${visit.formToken}" />
      <span>${visit.user.name} <span class="roles">${visit.user.scopes.join(', ')}</span></span>
      <button>Log out</button>
    </form>`;
  return document({ title, body, header, href: (path) => visit.href(path) });
}

/** A page before a login. */
export function plainPage(
  href: (path: string) => string,
  { title, body }: Pick<Shell, 'title' | 'body'>,
): Html {
  return document({ title, body, href, header: html`` });
}

function document({ title, body, href, header }: Shell): Html {
  return html`${DOCTYPE}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="htmx-config" content="${HTMX}" />
        <title>${title} · pairwise-proxy</title>
        <link rel="icon" href="${href('/assets/icon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${href('/assets/dashboard.css')}" />
        <script src="${href('/assets/htmx.js')}" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <p class="brand"><a href="${href('/')}">pairwise-proxy</a></p>
          ${header}
        </header>
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;
}

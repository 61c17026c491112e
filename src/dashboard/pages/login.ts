import { html } from 'hono/html';

import type { Html, Site } from '../page.ts';

/** What the login page offers. */
export interface LoginChoices {
  readonly provider: boolean;
  readonly token: boolean;
  readonly adminUrl: string;
  /** Where the browser thinks that it is. */
  readonly host: string | undefined;
  readonly problem?: string | undefined;
}

/** How to get in: through the identity provider, or with `ADMIN_TOKEN`. */
export function loginView({ href }: Site, choices: LoginChoices): Html {
  const { provider, token, adminUrl, host, problem } = choices;
  const elsewhere = host !== undefined && host !== new URL(adminUrl).host;
  return html`${problem === undefined ? '' : html`<section class="notice problem" role="alert"><p>${problem}</p></section>`}
  ${
    elsewhere
      ? html`<section class="notice">
          <p>
            The dashboard is at <a href="${adminUrl}">${adminUrl}</a> (<code>ADMIN_URL</code>);
            forms are taken from there only.
          </p>
        </section>`
      : ''
  }
  ${
    provider
      ? html`<section>
          <h2>Through the identity provider</h2>
          <p>You log in where you always do; your groups there decide what you may do here.</p>
          <p><a class="button main" href="${href('/login/provider')}">Log in</a></p>
        </section>`
      : ''
  }
  ${
    token
      ? html`<section>
          <h2>With the admin token</h2>
          <p>For the first day. The session that it opens may do everything, and lasts an hour.</p>
          <form method="post" action="${href('/login/token')}">
            <p class="field">
              <label for="admin-token">ADMIN_TOKEN</label>
              <input
                id="admin-token"
                name="admin_token"
                type="password"
                autocomplete="off"
                required
              />
            </p>
            <button class="main">Open a session</button>
          </form>
        </section>`
      : ''
  }
  ${
    provider || token
      ? ''
      : html`<section>
          <p>
            Nobody can log in yet: set <code>DASHBOARD_ROLES</code> with
            <code>UPSTREAM_CLIENT_ID</code>, or <code>ADMIN_TOKEN</code>.
          </p>
        </section>`
  }`;
}

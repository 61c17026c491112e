import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import type { Provider } from 'oidc-provider';

import { html, page } from '../pages.ts';
import type { Html } from '../pages.ts';
import type { LegacyUser } from './users.ts';

const INTERACTION = /^\/interaction\/([\w-]+)(\/login)?$/;

/**
 * The login pages of the legacy provider: a plain form that knows the users by
 * name and password. Returns whether the request was for one of them.
 */
export async function serveLoginPages(
  provider: Provider,
  issuer: string,
  users: ReadonlyMap<string, LegacyUser>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const path = new URL(request.url ?? '/', issuer).pathname;
  if (path === '/assets/login.css') {
    response.writeHead(200, { 'content-type': 'text/css; charset=utf-8' });
    response.end('body { background: url("/assets/background.svg"); }\n');
    return true;
  }
  const match = INTERACTION.exec(path);
  if (match === null) return false;
  try {
    const interaction = await provider.interactionDetails(request, response);
    if (interaction.prompt.name !== 'login') {
      await provider.interactionFinished(request, response, { consent: {} });
    } else if (match[2] !== undefined && request.method === 'POST') {
      await checkPassword(provider, issuer, users, request, response, interaction.uid);
    } else {
      showForm(issuer, response, interaction.uid, '');
    }
  } catch {
    showPage(response, 400, 'Login expired', html`<p>Please begin again.</p>`);
  }
  return true;
}

async function checkPassword(
  provider: Provider,
  issuer: string,
  users: ReadonlyMap<string, LegacyUser>,
  request: IncomingMessage,
  response: ServerResponse,
  uid: string,
): Promise<void> {
  const form = new URLSearchParams(await text(request));
  const user = users.get(form.get('username') ?? '');
  if (user === undefined || user.password !== form.get('password')) {
    showForm(issuer, response, uid, 'Unknown username or wrong password.');
    return;
  }
  const login = { accountId: user.username, acr: 'urn:legacy:password', amr: ['pwd'] };
  await provider.interactionFinished(request, response, { login });
}

function showForm(issuer: string, response: ServerResponse, uid: string, problem: string): void {
  const body = html`
    <link rel="stylesheet" href="${issuer}/assets/login.css" />
    <p role="alert">${problem}</p>
    <form method="post" action="${issuer}/interaction/${uid}/login">
      <p>
        <label>Username <input name="username" autocomplete="username" required /></label>
      </p>
      <p>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
      </p>
      <button type="submit">Log in</button>
    </form>
  `;
  showPage(response, problem === '' ? 200 : 401, 'Legacy login', body);
}

function showPage(response: ServerResponse, status: number, title: string, body: Html): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(page(title, body));
}

import type { RequestHandler } from 'express';

import type { Authentication } from '../admin/authenticate.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminProblem } from '../admin/problems.ts';
import { Refusal } from '../errors.ts';
import { ENVIRONMENT_TOKEN } from '../operations/admin-tokens.ts';
import { refuseDashboardUser, type DashboardUser } from '../operations/dashboard-sessions.ts';
import type { DashboardCookies } from './cookies.ts';
import { hrefOf } from './href.ts';
import { LOGIN_SECONDS, openLogin, sealLogin } from './login-state.ts';
import { requireOwnForm } from './own-form.ts';
import {
  beginProviderLogin,
  finishProviderLogin,
  type ProviderLoginParts,
} from './provider-login.ts';
import { formOf, localsOf, queryTextOf } from './request.ts';
import type { BrowserSessions } from './sessions.ts';

/** What logging in works with. */
export interface LoginParts {
  readonly adminUrl: string;
  readonly context: AdminContext;
  readonly cookies: DashboardCookies;
  readonly sessions: BrowserSessions;
  readonly authentication: Authentication;
  /** Whether `ADMIN_TOKEN` is set. */
  readonly hasAdminToken: boolean;
  /** Undefined: nobody logs in through the provider. */
  readonly provider: ProviderLoginParts | undefined;
}

/** Why somebody is not let in, in words for them. */
export class LoginError extends Error {
  override readonly name = 'LoginError';
}

/** `ADMIN_TOKEN`, given once in a form, opens a session; failures count as those of the API do. */
export function tokenLogin(parts: LoginParts): RequestHandler {
  return async (request, response) => {
    const form = formOf(request);
    requireOwnForm(request.headers, form, { adminUrl: parts.adminUrl, formToken: undefined });
    const token = (form.get('admin_token') ?? '').trim();
    const address = request.socket.remoteAddress ?? '';
    const isRight = await isAdminToken(parts.authentication, token, address);
    if (!isRight) throw new LoginError('This is not the admin token.');
    await enter(parts, { kind: 'token', token }, request, response);
  };
}

/** Sends a browser to the provider. */
export function providerLogin({ provider, cookies, context }: LoginParts): RequestHandler {
  return async (_request, response) => {
    if (provider === undefined) throw new LoginError('Nobody logs in through the provider here.');
    const { location, checks } = await beginProviderLogin(provider);
    const sealed = sealLogin(context.atRest, checks, context.clock());
    response.append('set-cookie', cookies.set('login', sealed, LOGIN_SECONDS));
    response.redirect(303, location.href);
  };
}

/** Where the provider sends the browser back to. */
export function providerCallback(parts: LoginParts): RequestHandler {
  return async (request, response) => {
    const { provider, cookies, context } = parts;
    const { requestId, log } = localsOf(response);
    const checks = openLogin(
      context.atRest,
      cookies.read('login', request.headers.cookie),
      context.clock(),
    );
    response.append('set-cookie', cookies.set('login', '', 0));
    if (provider === undefined || checks === undefined) {
      throw new LoginError('This browser began no login, or too long ago. Log in again.');
    }
    const arrived = await finishProviderLogin(provider, queryTextOf(request), checks).catch(
      (error: unknown) => {
        if (error instanceof Refusal) throw error;
        log.warn({ err: error }, 'a login at the dashboard failed');
        throw new LoginError('The provider’s answer does not hold. Log in again.');
      },
    );
    const { name, roles } = arrived;
    if (roles.length === 0) {
      await refuseDashboardUser(context, requestId);
      throw new LoginError('You are logged in at the provider, but have no role here.');
    }
    await enter(parts, { kind: 'provider', name, roles }, request, response);
  };
}

async function enter(
  { sessions, adminUrl }: LoginParts,
  user: DashboardUser,
  request: Parameters<RequestHandler>[0],
  response: Parameters<RequestHandler>[1],
): Promise<void> {
  const { requestId } = localsOf(response);
  response.append('set-cookie', await sessions.begin(user, request.headers.cookie, requestId));
  response.redirect(303, hrefOf(adminUrl)('/'));
}

async function isAdminToken(
  authentication: Authentication,
  token: string,
  address: string,
): Promise<boolean> {
  try {
    return (await authentication.caller(`Bearer ${token}`, address)).name === ENVIRONMENT_TOKEN;
  } catch (error) {
    if (error instanceof AdminProblem && error.code === 'unauthorized') return false;
    throw error;
  }
}

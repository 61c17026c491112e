import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response, Router } from 'express';

import { identified } from '../admin/identified.ts';
import { recordedProblem } from '../admin/failure.ts';
import { perform, type Asking } from '../admin/perform.ts';
import { readAssets } from './assets.ts';
import { hrefOf } from './href.ts';
import {
  LoginError,
  providerCallback,
  providerLogin,
  tokenLogin,
  type LoginParts,
} from './login.ts';
import { ForeignFormError, requireOwnForm } from './own-form.ts';
import type { Page, Visit } from './page.ts';
import { formOf, localsOf, queryTextOf } from './request.ts';
import { dashboardHeaders } from './security-headers.ts';
import { loginPage, problemPage, sendAnswer } from './send.ts';
import { readUpload } from './upload.ts';

/** What the dashboard is made of. */
export interface DashboardParts extends LoginParts {
  readonly pages: readonly Page[];
}

/** Bytes of a form. */
const MAX_FORM_BYTES = 262_144;

/** Seconds for which a browser may keep what pages load. */
const ASSET_SECONDS = 3600;

/** The dashboard, to be mounted at `/`. */
export function dashboard(parts: DashboardParts): Router {
  const { context, sessions } = parts;
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(identified(context.log));
  router.use(dashboardHeaders);
  router.get('/assets/:name', assets());
  router.use(express.text({ type: 'application/x-www-form-urlencoded', limit: MAX_FORM_BYTES }));
  router.get('/login', (request, response) => loginPage(parts, request, response));
  router.post('/login/token', tokenLogin(parts));
  router.get('/login/provider', providerLogin(parts));
  router.get('/callback', providerCallback(parts));
  router.use(async (request, response, next) => {
    response.locals['visitor'] = await sessions.read(request.headers.cookie);
    next();
  });
  router.post('/logout', async (request, response) => {
    const { visitor, requestId } = localsOf(response);
    if (visitor !== undefined) requireForm(parts, request, visitor);
    response.append('set-cookie', await sessions.end(request.headers.cookie, requestId));
    response.redirect(303, hrefOf(parts.adminUrl)('/login'));
  });
  for (const each of parts.pages) router[each.method](each.path, handlerOf(parts, each));
  router.use(onError(parts));
  return router;
}

function handlerOf(parts: DashboardParts, page: Page): RequestHandler {
  const { method, handle, takesFile = false } = page;
  return async (request, response) => {
    const { visitor, requestId, log } = localsOf(response);
    if (visitor === undefined) {
      toLogin(parts, response, request.get('hx-request') !== undefined);
      return;
    }
    const { form, file } = takesFile
      ? await readUpload(request, response)
      : { form: formOf(request), file: undefined };
    if (method === 'post') requireOwnForm(request.headers, form, ownFormOf(parts, visitor));
    const { name, actor, scopes, formToken } = visitor;
    const caller = { name, actor, scopes, expiresAt: undefined };
    const asking: Asking = { caller, requestId, log };
    const visit: Visit = {
      ...{ user: { name, scopes }, formToken, href: hrefOf(parts.adminUrl) },
      path: request.params as Readonly<Record<string, string>>,
      query: new URLSearchParams(queryTextOf(request)),
      ...{ form, file },
      can: (scope) => scopes.includes(scope),
      ask: (id, asked = {}) => perform(parts.context, id, asking, asked),
    };
    response.locals['visit'] = visit;
    await sendAnswer(response, visit, request.path, await handle(visit));
  };
}

function requireForm(
  parts: DashboardParts,
  request: Request,
  visitor: Pick<Visit, 'formToken'>,
): void {
  requireOwnForm(request.headers, formOf(request), ownFormOf(parts, visitor));
}

function ownFormOf({ adminUrl }: DashboardParts, { formToken }: Pick<Visit, 'formToken'>) {
  return { adminUrl, formToken };
}

function toLogin({ adminUrl }: DashboardParts, response: Response, isPart: boolean): void {
  // A part of a page that asks for itself again must not show a login in its place.
  const login = hrefOf(adminUrl)('/login');
  if (isPart) response.status(401).set('hx-redirect', login).end();
  else response.redirect(303, login);
}

function assets(): RequestHandler {
  const known = readAssets();
  return (request, response, next) => {
    const asset = known.get(String(request.params['name']));
    if (asset === undefined) {
      next();
      return;
    }
    response
      .type(asset.type)
      .set('cache-control', `public, max-age=${ASSET_SECONDS}`)
      .send(asset.content);
  };
}

function onError(parts: DashboardParts): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { log, visitor } = localsOf(response);
    if (error instanceof LoginError || error instanceof ForeignFormError) {
      log.info({ detail: error.message }, 'refused at the dashboard');
      response.status(403);
      await loginPage(parts, request, response, error.message);
      return;
    }
    await problemPage(parts, response, recordedProblem(log, error, visitor));
  };
}

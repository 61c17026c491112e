import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import { identifyRequest } from '../observability/request-id.ts';
import { allowClientOrigin, answerPreflight } from './cors.ts';
import { boundedBody, formOf } from './form.ts';
import { respond, respondError, respondErrorPage } from './respond.ts';
import type { Endpoints, Route } from './routes.ts';
import { OWN_PREFIXES, ROUTES } from './routes.ts';

/** What the public listener is made of. */
export interface PublicAppParts {
  readonly issuer: string;
  readonly trustedProxies: readonly string[];
  readonly endpoints: Endpoints;
  readonly relay: RequestHandler;
  readonly isRedirectOrigin: (origin: string) => boolean;
  readonly log: Logger;
}

/** The application behind `PUBLIC_LISTEN`: our own addresses first, then the relay. */
export function createPublicApp(parts: PublicAppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', parts.trustedProxies);
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.use(withRequestId(parts.log, trusts(app)));
  const base = new URL(parts.issuer).pathname.replace(/\/$/, '');
  const ours = express.Router({ caseSensitive: true });
  ours.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] } } }));
  for (const route of ROUTES) mount(ours, route.path, route, parts);
  for (const prefix of OWN_PREFIXES) ours.use(prefix, notFound);
  const metadataRoute = ROUTES.find((route) => route.path.endsWith('oauth-authorization-server'));
  if (base !== '' && metadataRoute !== undefined) {
    // RFC 8414 3.1 inserts the well-known part between host and path.
    mount(app, `${metadataRoute.path}${base}`, metadataRoute, parts);
  }
  app.use(base === '' ? '/' : base, ownAddressesOnly(ours));
  app.use(parts.relay);
  app.use(onError(ROUTES));
  return app;
}

/** Own addresses are matched first; what is none of them falls through to the relay. */
function ownAddressesOnly(ours: express.Router): RequestHandler {
  return (request, response, next) => {
    const isOurs = OWN_PREFIXES.some(
      (prefix) => request.path === prefix || request.path.startsWith(`${prefix}/`),
    );
    if (isOurs) ours(request, response, next);
    else next();
  };
}

function mount(router: express.IRouter, path: string, route: Route, parts: PublicAppParts): void {
  const endpoint = parts.endpoints[route.endpoint];
  router.all(path, boundedBody, async (request: Request, response: Response) => {
    response.locals['audience'] = route.audience;
    response.locals['endpoint'] = route.endpoint;
    if (request.method === 'OPTIONS') {
      answerPreflight(request, response, route.cors, parts.isRedirectOrigin);
      return;
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (!route.methods.some((allowed) => allowed === method)) {
      response.set('allow', route.methods.join(', '));
      throw new Refusal('method_not_allowed');
    }
    if (route.cors === 'anyone') response.set('access-control-allow-origin', '*');
    const answer = await endpoint({
      method,
      query: new URL(request.originalUrl, 'http://localhost').searchParams,
      form: formOf(request),
      headers: singleHeaders(request),
      remoteAddress: request.ip ?? '',
      log: logOf(response),
      identified: (client) => {
        if (route.cors === 'client') allowClientOrigin(request, response, client);
      },
    });
    respond(response, answer);
    logOf(response).info({ endpoint: route.endpoint, status: response.statusCode }, 'answered');
  });
}

function singleHeaders(request: Request): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

type Trusts = (request: Request) => boolean;

/** Whether the peer is a proxy whose `X-Forwarded-*` and `X-Request-Id` count. */
function trusts(app: Express): Trusts {
  const trustsAddress = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  return (request) => trustsAddress(request.socket.remoteAddress ?? '', 0);
}

function withRequestId(log: Logger, isTrusted: Trusts): RequestHandler {
  return (request, response, next) => {
    const trusted = isTrusted(request);
    const { requestId, traceparent } = identifyRequest({
      requestId: trusted ? request.get('x-request-id') : undefined,
      traceparent: trusted ? request.get('traceparent') : undefined,
    });
    response.locals['requestId'] = requestId;
    response.locals['log'] = log.child({ requestId, traceparent });
    response.set('x-request-id', requestId);
    next();
  };
}

function logOf(response: Response): Logger {
  return response.locals['log'] as Logger;
}

const notFound: RequestHandler = () => {
  throw new Refusal('not_found');
};

/** The one place where an exception becomes an answer, and one log line. */
function onError(routes: readonly Route[]): ErrorRequestHandler {
  const browserPaths = routes.filter((route) => route.audience === 'browser').map((r) => r.path);
  return (error: unknown, request, response, next) => {
    const refused = asRefusal(error);
    const level = refused.reason === 'unexpected' ? 'error' : 'warn';
    logOf(response)[level](
      {
        reason: refused.reason,
        detail: refused.detail,
        endpoint: response.locals['endpoint'],
        err: refused.cause,
      },
      'refused',
    );
    if (response.headersSent) {
      next(error);
      return;
    }
    const forBrowser =
      response.locals['audience'] === 'browser' || browserPaths.includes(request.path);
    if (forBrowser)
      respondErrorPage(response, refused.reason, String(response.locals['requestId']));
    else respondError(response, refused.reason);
  };
}

const BODY_REASONS: Readonly<Record<string, Reason>> = {
  'entity.too.large': 'body_too_large',
  'encoding.unsupported': 'body_type',
  'request.aborted': 'request_malformed',
  'request.size.invalid': 'request_malformed',
};

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const type =
    typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : '';
  const reason = BODY_REASONS[type];
  if (reason !== undefined) return new Refusal(reason, undefined, { cause: error });
  return new Refusal('unexpected', undefined, { cause: error });
}

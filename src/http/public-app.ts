import express from 'express';
import type { Express, Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import type { Endpoints } from '../protocol/exits.ts';
import type { Logger } from '../observability/logger.ts';
import { countedAddress } from './counted-address.ts';
import { admission } from './admission.ts';
import { allowClientOrigin, answerPreflight } from './cors.ts';
import { boundedBody, formOf, queryOf } from './form.ts';
import { logOf, onError, requestContext } from './request-context.ts';
import { payloadOf } from './payload.ts';
import type { RequestMeter } from './request-meter.ts';
import { respond } from './respond.ts';
import { securityHeaders } from './security-headers.ts';
import type { Route } from './routes.ts';
import { OWN_PREFIXES, ROUTES } from './routes.ts';

/** What the public listener is made of. */
export interface PublicAppParts {
  readonly issuer: string;
  readonly trustedProxies: readonly string[];
  readonly endpoints: Endpoints;
  readonly relay: RequestHandler;
  readonly isRedirectOrigin: (origin: string) => boolean;
  readonly log: Logger;
  readonly meter: RequestMeter;
}

/** The application behind `PUBLIC_LISTEN`: our own addresses first, then the relay. */
export function createPublicApp(parts: PublicAppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', parts.trustedProxies);
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.use(requestContext(app, parts.log, parts.meter));
  const base = new URL(parts.issuer).pathname.replace(/\/$/, '');
  const ours = express.Router({ caseSensitive: true });
  ours.use(securityHeaders);
  for (const route of ROUTES) mount(ours, route.path, route, parts);
  for (const prefix of OWN_PREFIXES) ours.use(prefix, notFound);
  const webfinger = ROUTES.find(({ endpoint }) => endpoint === 'webfinger');
  // RFC 7033 4: always at the root of the host, however deep the issuer lies.
  if (base !== '' && webfinger !== undefined) mount(app, webfinger.path, webfinger, parts);
  const metadataRoute = ROUTES.find((route) => route.path.endsWith('oauth-authorization-server'));
  if (base !== '' && metadataRoute !== undefined) {
    // RFC 8414 3.1 inserts the well-known part between host and path.
    mount(app, `${metadataRoute.path}${base}`, metadataRoute, parts);
  }
  app.use(base === '' ? '/' : base, ownAddressesOnly(ours));
  app.use(named('relay'), parts.relay);
  app.use(onError);
  return app;
}

/** Says for the log and the metrics where a request went. */
function named(endpoint: keyof Endpoints | 'relay'): RequestHandler {
  return (_request, response, next) => {
    response.locals['endpoint'] = endpoint;
    next();
  };
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
  // Without self-service there is nothing at its addresses.
  if (endpoint === undefined) return;
  const audience: RequestHandler = (_request, response, next) => {
    response.locals['audience'] = route.audience;
    next();
  };
  const before = [named(route.endpoint), audience];
  const serve: RequestHandler = async (request, response) => {
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
      query: queryOf(request),
      form: route.body === undefined ? formOf(request) : new URLSearchParams(),
      target: request.originalUrl,
      payload: () => payloadOf(request, response),
      headers: singleHeaders(request),
      remoteAddress: countedAddress(request.ip ?? ''),
      log: logOf(response),
      requestId: String(response.locals['requestId']),
      identified: (client) => {
        response.locals['client'] = client.clientId;
        if (route.cors === 'client') allowClientOrigin(request, response, client);
      },
      answerHeader: (name, value) => void response.set(name, value),
    });
    respond(response, answer);
    logOf(response).info({ endpoint: route.endpoint, status: response.statusCode }, 'answered');
  };
  if (route.passesOn === true) router.use(path, before, serve);
  else if (route.body === 'payload') router.all(path, before, serve);
  else router.all(path, before, boundedBody, admission(), serve);
}

function singleHeaders(request: Request): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

const notFound: RequestHandler = () => {
  throw new Refusal('not_found');
};

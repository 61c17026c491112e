import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

import { Refusal } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import { outgoingHeaders } from '../observability/tracing/spans.ts';
import { Exchange, refuseRequest, type RenderBlocked } from './relay/exchange.ts';
import type { IsOwnCookie } from './relay/cookies.ts';
import type { RelayPolicy, RelayUpstream } from './relay/policy.ts';
import { admit, type AdmittedRequest } from './relay/request.ts';
import { bodyOf, WatchedBody } from './relay/request-body.ts';
import { relayedRequestHeaders } from './relay/request-headers.ts';
import { relayResponse } from './relay/response.ts';
import { createSite, type Site } from './relay/site.ts';

export type { RelayAnswer, RelayPolicy, RelayUpstream } from './relay/policy.ts';

/** How long the upstream may take, in milliseconds. */
interface RelayTimeouts {
  /** Until the head of its answer is there, counted from the end of the request. */
  readonly head: number;
  /** Between two pieces of a body. */
  readonly idle: number;
}

export interface RelayOptions {
  /** Our issuer; a path of it is the prefix of every relayed address. */
  readonly issuer: string;
  /** Asked for each request. Errors: `upstream_unavailable` while nothing is known of it. */
  readonly upstream: () => RelayUpstream;
  readonly policy: RelayPolicy;
  /** Path prefixes (of the upstream) that are served; none: all. */
  readonly relayPaths: readonly string[];
  readonly federationOrigins: readonly string[];
  /** Our own cookies, which never go upstream and which the upstream never sets. */
  readonly ownCookieNames: readonly string[];
  /** Shows the browser that something was refused or held back. */
  readonly renderBlocked: RenderBlocked;
  /** Used where `response.locals.log` holds no logger of the request's own. */
  readonly log: Logger;
  readonly timeouts?: RelayTimeouts;
}

// Long enough for a page that polls for a confirmation on a telephone.
const TIMEOUTS: RelayTimeouts = { head: 75_000, idle: 90_000 };

/**
 * Passes a browser's requests to the upstream and its answers back, opaque and
 * streaming, under our own addresses (design section 4, front channel). It takes
 * every request that reaches it.
 */
export function createRelay(options: RelayOptions): RequestHandler {
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const timeouts = options.timeouts ?? TIMEOUTS;
  const siteOf = cachedSite(options);
  const own = new Set(options.ownCookieNames);
  const isOwnCookie = (name: string) => own.has(name);
  const parts = { policy: options.policy, isOwnCookie };
  const forward = createProxyMiddleware<Request, Response>({
    router: (request, _response, settings) => {
      const exchange = exchanges.get(request);
      if (exchange === undefined) throw new Refusal('unexpected', 'no exchange');
      const { hostname, origin } = new URL(exchange.site.target);
      // The name in the certificate is that of the address which is really asked.
      settings.ssl = { servername: isIP(hostname.replace(/[[\]]/g, '')) === 0 ? hostname : '' };
      if (exchange.body !== undefined) settings.buffer = exchange.body;
      return origin;
    },
    selfHandleResponse: true,
    followRedirects: false,
    proxyTimeout: timeouts.idle,
    // The default plugins log addresses with their parameters and answer errors
    // in words of their own.
    ejectPlugins: true,
    plugins: [
      (server) => {
        server.on('proxyReq', (upstreamRequest, request) => {
          exchanges.get(request)?.begin(upstreamRequest);
        });
        server.on('proxyRes', (upstreamResponse, request) => {
          const exchange = exchanges.get(request);
          if (exchange === undefined || !exchange.answered()) upstreamResponse.destroy();
          else void relayResponse(exchange, upstreamResponse, parts);
        });
        server.on('error', (error, request) => exchanges.get(request as Request)?.failed(error));
        server.on('econnreset', (_error, request) => exchanges.get(request)?.abandon());
      },
    ],
  });

  return async (request, response) => {
    const log = (response.locals['log'] as Logger | undefined) ?? options.log;
    const outlet = { request, response, log, renderBlocked: options.renderBlocked };
    let exchange: Exchange | undefined;
    try {
      const upstream = options.upstream();
      const site = siteOf(upstream);
      const { relayPaths, policy } = options;
      const admitted = await admit(request, site, upstream, relayPaths, policy);
      if (response.destroyed) return;
      const page = new URL(site.origin + admitted.address);
      exchange = new Exchange({ ...outlet, site, page, secret: admitted.secret });
      exchanges.set(request, exchange);
      readdress(exchange, admitted, isOwnCookie);
      const current = exchange;
      if (request.complete) current.awaitHead(timeouts.head);
      else request.once('end', () => current.awaitHead(timeouts.head));
      await forward(request, response, (error) => {
        if (error !== undefined) current.failed(error);
      });
    } catch (error) {
      if (exchange === undefined) refuseRequest(error, outlet);
      else exchange.failed(error);
    }
  };
}

/** Turns the browser's request into the one that goes upstream. */
function readdress(
  exchange: Exchange,
  { address, body }: AdmittedRequest,
  isOwnCookie: IsOwnCookie,
): void {
  const { request, site } = exchange;
  const headers = {
    ...relayedRequestHeaders(request, site, isOwnCookie, request.ip),
    ...outgoingHeaders(),
  };
  if (body.kind === 'form' || body.kind === 'json') {
    headers['content-length'] = String(Buffer.byteLength(body.text, 'latin1'));
    exchange.body = bodyOf(body.text);
  } else if (body.kind === 'stream') {
    if (body.length === undefined) headers['transfer-encoding'] = 'chunked';
    else headers['content-length'] = body.length;
    const found = () => exchange.failed(new Refusal('relay_refused', 'a grant in the body'));
    exchange.body = request.pipe(new WatchedBody(found));
  }
  request.headers = headers;
  request.url = address;
}

function cachedSite(options: RelayOptions): (upstream: RelayUpstream) => Site {
  let known: { key: string; site: Site } | undefined;
  return (upstream) => {
    const key = `${upstream.origin} ${upstream.target}`;
    if (known?.key !== key) {
      known = { key, site: createSite(options.issuer, upstream, options.federationOrigins) };
    }
    return known.site;
  };
}

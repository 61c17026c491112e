import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { relayedCookies, type IsOwnCookie } from './cookies.ts';
import { isEmbeddedElsewhere } from './fetch-metadata.ts';
import type { Site } from './site.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const OWN = new Set(['host', 'cookie', 'origin', 'referer', 'accept-encoding', 'content-length']);
// `range` would cut a text where a URL might stand; `expect` is answered by us.
// How a request is named is ours to say (W3C Trace Context, Baggage).
const DROPPED = new Set([
  ...['authorization', 'expect', 'range', 'if-range', 'via', 'forwarded'],
  ...['x-request-id', 'traceparent', 'tracestate', 'baggage'],
]);
// Headers by which a front server tells its application who asks, whence, or what
// is really meant. From a browser they are forgeries.
const SPOKEN_BY_FRONT_SERVERS =
  /^(?:x-forwarded|x-original|x-rewrite|x-http-method|x-method|x-host|x-real|x-client|x-cluster|x-remote|x-envoy|x-arr|x-ssl|x-tls|x-user|x-auth|x-proxy|true-client|remote|ssl|cf-|cdn-|fastly-|client-|front-end|http2-)/;

/**
 * The headers of a request as the upstream shall see it, as if the browser had
 * come to its own public address. `caller` is the browser's network address, as the
 * trusted part of the way knows it.
 */
export function relayedRequestHeaders(
  request: IncomingMessage,
  site: Site,
  isOwnCookie: IsOwnCookie,
  caller: string | undefined,
): IncomingHttpHeaders {
  const named = new Set(
    (request.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()),
  );
  const headers: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (isPassed(name) && !named.has(name)) headers[name] = value;
  }
  const upstream = new URL(site.origin);
  headers.host = upstream.host;
  headers['x-forwarded-host'] = upstream.host;
  headers['x-forwarded-proto'] = upstream.protocol.slice(0, -1);
  if (caller !== undefined) headers['x-forwarded-for'] = caller;
  headers['accept-encoding'] = acceptedEncodings(request.headers['accept-encoding']);
  if (!isEmbeddedElsewhere(request.headers)) {
    assign(headers, 'cookie', relayedCookies(request.headers.cookie, site, isOwnCookie));
  }
  assign(headers, 'origin', relayedOrigin(request.headers, site));
  assign(headers, 'referer', relayedReferer(request.headers, site));
  return headers;
}

// An underscore is a hyphen to CGI-like servers, and would smuggle a name past this list.
function isPassed(name: string): boolean {
  if (HOP_BY_HOP.has(name) || OWN.has(name) || DROPPED.has(name)) return false;
  return !name.includes('_') && !SPOKEN_BY_FRONT_SERVERS.test(name);
}

function acceptedEncodings(header: string | string[] | undefined): string {
  const offered = String(header ?? '')
    .toLowerCase()
    .split(',')
    .filter((entry) => !/;\s*q\s*=\s*0(?:\.0*)?\s*$/.test(entry))
    .map((entry) => entry.split(';')[0]?.trim());
  const usable = ['gzip', 'br'].filter((name) => offered.includes(name));
  return usable.length === 0 ? 'identity' : usable.join(', ');
}

// Our pages say `Referrer-Policy: no-referrer`, which makes a browser send
// `Origin: null` and no Referer with its own forms (Fetch, "append a request
// Origin header"); `Sec-Fetch-Site` still tells that the form is ours.
function relayedOrigin(headers: IncomingHttpHeaders, site: Site): string | undefined {
  const { origin } = headers;
  if (origin === site.ours.origin) return site.origin;
  if (origin === 'null' && isSameOrigin(headers)) return site.origin;
  return origin;
}

function relayedReferer(headers: IncomingHttpHeaders, site: Site): string | undefined {
  const { referer } = headers;
  if (referer === undefined) return isSameOrigin(headers) ? `${site.origin}/` : undefined;
  const url = URL.parse(referer);
  if (url === null) return undefined;
  if (url.origin !== site.ours.origin) return `${url.origin}/`;
  const inside = `${url.pathname}/`.startsWith(`${site.ours.prefix}/`);
  if (!inside) return `${site.origin}/`;
  const path = url.pathname.slice(site.ours.prefix.length) || '/';
  return `${site.origin}${path}${site.inward.turn(url.search)}`;
}

function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === 'same-origin';
}

function assign(headers: IncomingHttpHeaders, name: string, value: string | undefined): void {
  if (value !== undefined) headers[name] = value;
}

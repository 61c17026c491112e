import { parse as parseContentType, isTypeValid } from 'content-type';
import { Agent } from 'undici';

import { Refusal } from '../errors.ts';
import { boundedRequest, UnansweredError } from './bounded-request.ts';
import type { RawResponse } from './bounded-request.ts';
import { decodeBody } from './decoding.ts';
import { exchangeRefusal, isClosedConnection } from './exchange-failure.ts';
import { guardedConnector } from './guarded-connector.ts';
import type { ConnectionGuard } from './guarded-connector.ts';

const MAX_REDIRECTS = 3;

export interface ExchangeOptions {
  /** Connections kept to each upstream origin. */
  readonly connections?: number;
  /** Milliseconds for everything: waiting for a connection, connecting, headers, body, redirects. */
  readonly timeoutMilliseconds?: number;
  /** Bytes a body may have, both as sent and decoded. */
  readonly maxBytes?: number;
  /** Headers of every request, lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: any address may be connected to. */
  readonly guard?: ConnectionGuard;
}

interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly body?: URLSearchParams;
  /** Sent as `application/json` in place of a form. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Sent as they are, in place of a form; the type is the caller's to name. */
  readonly octets?: Uint8Array;
  /** Aborted when the caller no longer wants the answer. */
  readonly signal?: AbortSignal;
  /** The media types that the caller can read. */
  readonly accept: readonly string[];
  /**
   * `refuse` (default), or `same-origin`: up to three redirects within the
   * origin, for the public documents that some providers redirect. Never for
   * a request that carries a credential.
   */
  readonly redirects?: 'refuse' | 'same-origin';
}

export interface UpstreamResponse {
  readonly status: number;
  /** Lower-case names; a list where a header came more than once. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Lower-case, without parameters; undefined when missing or not a media type. */
  readonly mediaType: string | undefined;
  /** Complete and decoded. */
  readonly body: Buffer;
}

/**
 * One bounded exchange with the upstream. Any status but 3xx is the caller's
 * to judge.
 *
 * @throws Refusal `upstream_unavailable`, `upstream_timeout`,
 *   `upstream_redirect`, `upstream_too_large`, `upstream_truncated`,
 *   `upstream_encoding`, `upstream_media_type` or `upstream_malformed`.
 */
export type Exchange = (request: ExchangeRequest) => Promise<UpstreamResponse>;

export interface ExchangePool {
  readonly exchange: Exchange;
  /** Cuts what is under way and closes the connections. */
  close(): Promise<void>;
}

/** Opens a keep-alive pool and the bounded exchange over it. Connects on first use. */
export function createExchange(options: ExchangeOptions = {}): ExchangePool {
  const {
    connections = 32,
    timeoutMilliseconds = 10_000,
    maxBytes = 1024 * 1024,
    headers = {},
    guard,
  } = options;
  const agent = new Agent({
    connections,
    connect:
      guard === undefined
        ? { timeout: timeoutMilliseconds }
        : guardedConnector(guard, timeoutMilliseconds),
    // One deadline rules the whole exchange; these timers would only blur it.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Legacy servers speak HTTP/1.1 best, and one framing is enough to reason about.
    allowH2: false,
  });

  async function exchange(request: ExchangeRequest): Promise<UpstreamResponse> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMilliseconds);
    const signal =
      request.signal === undefined
        ? deadline.signal
        : AbortSignal.any([deadline.signal, request.signal]);
    try {
      return await followed(request, signal);
    } catch (error) {
      if (deadline.signal.aborted) {
        throw new Refusal('upstream_timeout', `no answer within ${timeoutMilliseconds} ms`);
      }
      if (request.signal?.aborted === true) {
        throw new Refusal('upstream_unavailable', 'the caller gave up');
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function followed(
    request: ExchangeRequest,
    signal: AbortSignal,
  ): Promise<UpstreamResponse> {
    let url = request.url;
    for (let redirects = 0; ; redirects += 1) {
      const raw = await send(request, url, signal);
      if (raw.status < 300 || raw.status > 399) return finish(raw);
      if (request.redirects !== 'same-origin' || redirects === MAX_REDIRECTS) {
        throw new Refusal('upstream_redirect', `status ${raw.status}`);
      }
      url = sameOriginLocation(raw, url);
    }
  }

  async function send(
    request: ExchangeRequest,
    url: URL,
    signal: AbortSignal,
  ): Promise<RawResponse> {
    const options = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: requestHeaders(request, headers),
      body: bodyOf(request),
    };
    const once = () => boundedRequest(agent, options, { maxBytes, signal });
    try {
      return await once();
    } catch (error) {
      // A POST may have been acted on, and codes are good only once.
      const again = error instanceof UnansweredError && isClosedConnection(error.cause);
      if (request.method !== 'GET' || !again) throw refusalOf(error);
    }
    try {
      return await once();
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async function finish(raw: RawResponse): Promise<UpstreamResponse> {
    const mediaType = mediaTypeOf(raw.headers['content-type']);
    const body = await decodeBody(raw.body, raw.headers['content-encoding'], maxBytes);
    return { status: raw.status, headers: raw.headers, mediaType, body };
  }

  return { exchange, close: () => agent.destroy() };
}

function bodyOf({ body, json, octets }: ExchangeRequest): string | Uint8Array | null {
  if (octets !== undefined) return octets;
  if (json !== undefined) return JSON.stringify(json);
  return body === undefined ? null : body.toString();
}

function requestHeaders(
  request: ExchangeRequest,
  always: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'user-agent': 'pairwise-proxy',
    ...always,
    ...(request.body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(request.json !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
    accept: request.accept.join(', '),
    'accept-encoding': 'identity',
  };
}

function refusalOf(error: unknown): unknown {
  if (error instanceof UnansweredError) return exchangeRefusal(error.cause, 'before-headers');
  return exchangeRefusal(error, 'before-headers');
}

/** The type of a `Content-Type` header (RFC 9110 8.3.1), whatever its parameters look like. */
function mediaTypeOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string') {
    throw new Refusal('upstream_media_type', 'content-type is included more than once');
  }
  const { type } = parseContentType(header, { parameters: false });
  return isTypeValid(type) ? type : undefined;
}

function sameOriginLocation(raw: RawResponse, from: URL): URL {
  const location = raw.headers['location'];
  const target = typeof location === 'string' ? URL.parse(location, from.href) : null;
  if (target === null) throw new Refusal('upstream_redirect', `status ${raw.status}, no location`);
  if (target.origin !== from.origin) {
    throw new Refusal('upstream_redirect', `status ${raw.status} to another origin`);
  }
  return target;
}

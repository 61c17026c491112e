import { Refusal } from '../errors.ts';
import type { Exchange, UpstreamResponse } from './exchange.ts';
import type { UpstreamMetadata } from './metadata.ts';
import { canonicalPath } from './relay/paths.ts';
import { repeatsToken } from './repeated-token.ts';

/** The methods that are passed on. */
export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request to an internal API. */
export interface ApiRequest {
  readonly exchange: Exchange;
  readonly method: ApiMethod;
  readonly url: URL;
  /** The vendor's own, lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** The upstream's own. */
  readonly accessToken: string;
}

/** What of an API's answer is passed on, or that it does not take the token. */
export type ApiAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    }
  | { readonly kind: 'refused' };

/**
 * What the API is told of the vendor's request: what the body is and what is
 * wanted, and nothing of who asks, whence, or by which way.
 */
const PASSED = ['accept-language', 'content-language', 'content-type', 'idempotency-key', 'prefer'];

/**
 * The address at an API for what stands behind its name in a request.
 *
 * @param rest a raw path with its query, beginning with `/`; or a query; or empty
 * @throws Refusal `api_path_refused` where servers might disagree on what the path
 *   means, or it would leave the API
 */
export function apiAddress(base: string, rest: string): URL {
  const mark = rest.indexOf('?');
  const path = mark === -1 ? rest : rest.slice(0, mark);
  const query = mark === -1 ? '' : rest.slice(mark);
  if (path !== '' && (path.includes('//') || canonicalPath(path) === undefined)) {
    throw new Refusal('api_path_refused', 'an ambiguous path');
  }
  if (!/^[\x21-\x7e]*$/.test(query) || query.includes('#')) {
    throw new Refusal('api_path_refused', 'raw bytes in the query');
  }
  const address = new URL(`${base}${path}${query}`);
  const { origin, pathname } = new URL(base);
  const expected = `${pathname.replace(/\/$/, '')}${path}` || '/';
  if (address.origin !== origin || address.pathname !== expected) {
    throw new Refusal('api_path_refused', 'a path that leaves the API');
  }
  return address;
}

/**
 * Whether an endpoint of the upstream lies at or below an address: it would tell
 * a vendor who the user is.
 */
export function holdsEndpoint(base: string, metadata: UpstreamMetadata): boolean {
  const { origin, pathname } = new URL(base);
  const folder = `${pathname.replace(/\/$/, '')}/`;
  return [...Object.values(metadata.advertised), ...Object.values(metadata.reached)].some(
    (endpoint: string | URL) => {
      const url = new URL(endpoint);
      return url.origin === origin && `${url.pathname}/`.startsWith(folder);
    },
  );
}

/**
 * Asks an internal API with the upstream's own access token. Of the answer's
 * headers only the type of its body and `Retry-After` are passed on.
 *
 * @throws Refusal `api_unavailable`; `api_answer_refused` for a redirect, an answer
 *   that is too large, broken or of no type, and one that repeats the token
 */
export async function askInternalApi(request: ApiRequest): Promise<ApiAnswer> {
  const response = await exchanged(request);
  if (response.status === 401) return { kind: 'refused' };
  const { status, headers, body } = response;
  const texts = [...Object.values(headers).flat(), body].filter((part) => part !== undefined);
  if (texts.some((text) => repeatsToken(text, request.accessToken))) {
    throw new Refusal('api_answer_refused', 'it repeats the access token');
  }
  return { kind: 'answer', status, headers: passedHeaders(response), body };
}

async function exchanged(request: ApiRequest): Promise<UpstreamResponse> {
  const { exchange, method, url, accessToken, body } = request;
  const headers = Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = request.headers[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  try {
    return await exchange({
      ...{ method, url },
      headers: { ...headers, authorization: `Bearer ${accessToken}` },
      ...(body.length > 0 && { octets: body }),
      accept: [request.headers['accept'] ?? '*/*'],
    });
  } catch (error) {
    throw apiRefusal(error);
  }
}

/** The exchange speaks of the upstream; here it is the API that failed. */
function apiRefusal(error: unknown): unknown {
  if (!(error instanceof Refusal) || error.reason === 'unexpected') return error;
  const away = error.reason === 'upstream_unavailable' || error.reason === 'upstream_timeout';
  return new Refusal(away ? 'api_unavailable' : 'api_answer_refused', error.message);
}

function passedHeaders({ headers, mediaType, body }: UpstreamResponse): Record<string, string> {
  const passed: Record<string, string> = {};
  const charset = /;\s*charset="?([a-z0-9-]{1,20})"?\s*(?:;|$)/i.exec(
    String(headers['content-type'] ?? ''),
  )?.[1];
  if (body.length > 0) {
    if (mediaType === undefined) throw new Refusal('api_answer_refused', 'a body of no media type');
    passed['content-type'] =
      charset === undefined ? mediaType : `${mediaType}; charset=${charset.toLowerCase()}`;
  }
  const { 'retry-after': retryAfter } = headers;
  if (typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter)) {
    passed['retry-after'] = retryAfter;
  }
  return passed;
}

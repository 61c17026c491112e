import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** An answer, its redirect not followed and its body cut at the limit. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Where a redirect points to; null where it is no URL. */
  readonly location: URL | null | undefined;
}

/** What a GET is made with. */
export interface Fetching {
  readonly headers?: Readonly<Record<string, string>>;
  /** Where to connect to instead of the URL's own host, over plain http. */
  readonly at?: { readonly host: string; readonly port: number } | undefined;
  /** For everything, in milliseconds. */
  readonly timeout: number;
}

const MAX_BYTES = 2 * 1024 * 1024;

/** One GET. Rejects where no answer came in time. */
export function get(url: URL, { headers = {}, at, timeout }: Fetching): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const send = url.protocol === 'https:' && at === undefined ? httpsRequest : httpRequest;
  const request = send(
    {
      host: at?.host ?? url.hostname.replace(/^\[|\]$/g, ''),
      port: at?.port ?? url.port,
      path: `${url.pathname}${url.search}`,
      headers: {
        accept: 'text/html,application/json;q=0.9,*/*;q=0.8',
        'user-agent': 'pairwise-proxy doctor',
        ...headers,
        host: url.host,
      },
      signal: AbortSignal.timeout(timeout),
      agent: false,
    },
    (response) => {
      read(response).then((body) => resolve(answerOf(url, response, body)), reject);
    },
  );
  request.on('error', reject).end();
  return promise;
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf(url: URL, response: IncomingMessage, body: string): Answer {
  const { statusCode: status = 0, headers } = response;
  const redirects = status >= 300 && status < 400 && headers.location !== undefined;
  const location = redirects ? URL.parse(headers.location ?? '', url.href) : undefined;
  return { url, status, headers, body, location };
}

/** Cookies by name, for one origin whose paths do not matter. */
export class Cookies {
  readonly #values = new Map<string, string>();

  take(answer: Answer): void {
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      if (equals > 0) this.#values.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
    }
  }

  get header(): Readonly<Record<string, string>> {
    const pairs = [...this.#values].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? {} : { cookie: pairs.join('; ') };
  }
}

/** Whether an address is a redirect URI, whatever parameters it carries. */
export function leadsTo(url: URL, redirectUri: string): boolean {
  const expected = URL.parse(redirectUri);
  return (
    expected !== null &&
    url.protocol === expected.protocol &&
    url.host === expected.host &&
    url.pathname === expected.pathname
  );
}

/** A parameter of an authorization response, from its query or its fragment. */
export function responseParameter(url: URL, name: string): string | null {
  return url.searchParams.get(name) ?? new URLSearchParams(url.hash.slice(1)).get(name);
}

/** What kept an answer from coming, in a few words without values. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  if (error instanceof AggregateError) return failureText(error.errors[0]);
  return 'code' in error ? String(error.code) : error.name;
}

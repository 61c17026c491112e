import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What the upstream was about to say, held back so that a fault can change it. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** A request that reached the upstream. The body is complete once the answer has begun. */
export interface UpstreamRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The JSON object in an answer's body. */
export function jsonIn(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>;
}

/** The same answer with another body; stale length, type and tag headers do not stay. */
export function withBody(answer: Answer, body: string | Buffer, mediaType?: string): Answer {
  const headers = { ...answer.headers };
  delete headers['content-length'];
  delete headers['etag'];
  if (mediaType !== undefined) headers['content-type'] = mediaType;
  return { status: answer.status, headers, body: Buffer.from(body) };
}

/** The same answer with another JSON object as its body. */
export function withJson(answer: Answer, value: unknown): Answer {
  return withBody(answer, JSON.stringify(value));
}

/** Lets a handler write its answer, and yields the answer instead of sending it. */
export async function heldBack(
  response: ServerResponse,
  handle: () => Promise<void>,
): Promise<Answer> {
  const chunks: Buffer[] = [];
  const { write, end, writeHead } = response;
  const { promise, resolve } = Promise.withResolvers<void>();
  const take = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  response.writeHead = ((status: number, headers?: OutgoingHttpHeaders) => {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers ?? {})) {
      if (value !== undefined) response.setHeader(name, value);
    }
    return response;
  }) as typeof writeHead;
  response.write = ((chunk: unknown) => {
    take(chunk);
    return true;
  }) as typeof write;
  response.end = ((chunk: unknown) => {
    take(chunk);
    resolve();
    return response;
  }) as typeof end;
  await handle();
  await promise;
  Object.assign(response, { write, end, writeHead });
  const headers = { ...response.getHeaders() };
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  return { status: response.statusCode, headers, body: Buffer.concat(chunks) };
}

/** Sends an answer as it is. */
export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}
